x: dd x
