[nonsense 5]
