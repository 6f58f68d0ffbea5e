	struc s
.a:	resb 1
