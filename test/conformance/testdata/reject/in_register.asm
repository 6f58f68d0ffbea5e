	in al, bx
