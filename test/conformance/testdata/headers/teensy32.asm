; An ELF executable for the 386, its headers written by hand.
	bits 32
	org 0x08048000
ehdr:	db 0x7f, 'ELF', 1, 1, 1, 0
	times 8 db 0
	dw 2, 3
	dd 1
	dd _start
	dd phdr - $$
	dd 0, 0
	dw ehdrsize, phdrsize, 1, 0, 0, 0
ehdrsize equ $ - ehdr
phdr:	dd 1, 0
	dd $$, $$
	dd filesize, filesize
	dd 5, 0x1000
phdrsize equ $ - phdr
_start:	mov bl, 42
	xor eax, eax
	inc eax
	int 0x80
filesize equ $ - $$
