5:	nop
