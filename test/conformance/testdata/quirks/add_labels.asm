	org 0x100
a:	nop
b:	nop
	mov ax, a + b
