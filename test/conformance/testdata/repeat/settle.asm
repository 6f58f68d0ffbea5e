; Padding that depends on jumps that depend on padding.
	bits 32
a:	jmp b
	times 100 nop
	jz c
	align 32
b:	times 60 nop
	jmp a
	align 16
c:	times 126 - ($ - b) & 15 nop
	jmp d
	times (c - b) & 7 nop
	times 120 nop
d:	loop d
	jnz c
	align 64
e:	jmp a
	dd e - d, d - c, c - b, b - a
