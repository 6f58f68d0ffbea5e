a:	nop
	dw a >> 4
