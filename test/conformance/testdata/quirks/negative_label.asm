	org 0x100
a:	nop
	dw -a
