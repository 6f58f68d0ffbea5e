	resb x
x:
