; ALIGN and ALIGNB with fills of all kinds.
	bits 32
	nop
	align 4
	db 1
	align 16
	ret
	align 8, db 0
	db 2
	align 16, int3
	db 3
	align 8, nop
	db 1
	align 16, db 0xcc
	db 4, 5
	align 2
	align 4, resb 1
	db 1
	alignb 8
	db 1
	alignb 4, db 0x90
	align 1
	align 64, db 7
	dw 1
	alignb 32, dw 0
	section .data align=16
	db 1
	align 8
	db 2
	align 32
	dd 3
	section .bss
	resb 3
	alignb 16
a:	resd 1
	alignb 64
b:	resb 1
	section .text
	dd a, b
	align 4
	bits 64
	nop
	align 16
	nop
	bits 16
	nop
	align 32
	nop
