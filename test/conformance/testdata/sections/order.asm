; Sections of a flat binary in order of appearance, .text first.
	bits 32
	section .data
d1:	db 'data', 0
	section .rodata
r1:	db 'read only'
	section .text
	mov eax, d1
	mov ebx, r1
	mov ecx, x1
	mov edx, b1
	section .extra
x1:	dd d1, r1, x1, b1
	section .bss
b1:	resb 10
b2:	resd 1
	section .text
	mov esi, b2
	jmp d1
	call x1
	section .data
d2:	dd $, $$, d2 - d1
	segment .rodata
	dw $ - $$
	[section .extra]
	db 'end'
	[segment .text]
	ret
