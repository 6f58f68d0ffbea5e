; $ is the start of the statement, also inside TIMES and behind prefixes.
	org 0x7c00
	bits 16
	dw $, $, $
	db 1, 2
	dd $, $$
	times 3 dw $ - $$
	mov ax, $
	mov ax, $$
	jmp $
	jmp short $ + 4
	jmp near $ + 4
	mov word [$], $
	rep movsw
	call $
	lock inc word [$ - 2]
x:	mov bx, $ - x
	times 4 - ($ - $$) % 4 nop
	dw $ - $$
	section .data
	dw $ - $$, $, $$
y	db 5 dup (1)
	dw $ - y, $$ - $
	section .text
	dw $ - $$
