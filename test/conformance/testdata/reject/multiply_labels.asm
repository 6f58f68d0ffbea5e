a:	nop
b:	nop
	dw a * b
