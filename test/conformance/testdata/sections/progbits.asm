; progbits and nobits said outright, alignment of each.
	bits 32
	section .text progbits align=4
	nop
	dd buf, zero, tail
	section .mydata progbits align=32
	db 'mine'
	section .buf nobits align=64
buf:	resb 100
	section .bss align=16
zero:	resb 1
	section .last progbits
tail:	db 'tail'
	section .other align=1
	db 'unaligned'
	section .other2 align=1
	db 'x'
	section .other4
	dd $
