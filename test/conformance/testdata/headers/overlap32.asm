; The program header begins inside the ELF header, and code fills the gaps.
	bits 32
	org 0x00010000
	db 0x7f, 'ELF'
	dd 1
	dd 0
	dd $$
	dw 2
	dw 3
	dd _start
	dd _start
	dd 4
_start:	mov bl, 42
	xor eax, eax
	inc eax
	int 0x80
	db 0
	dw 0x34
	dw 0x20
	db 1
filesize equ $ - $$
