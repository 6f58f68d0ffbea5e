; Jumps exactly at the edge of what a byte reaches, both ways.
	bits 32
back:	times 124 nop
	jmp back		; -126 fits: short
	times 0 nop
b2:	times 126 nop
	jmp b2			; -128: short
b3:	times 127 nop
	jmp b3			; -129: near
b4:	times 126 nop
	jz b4
b5:	times 127 nop
	jz b5
	jmp f1
	times 127 nop
f1:	jmp f2
	times 128 nop
f2:	jnz f3
	times 127 nop
f3:	jnz f4
	times 128 nop
f4:	call f1
	loop f5
	times 127 nop
f5:	jecxz f6
	times 120 nop
f6:	ret
