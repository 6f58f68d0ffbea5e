; An ELF executable for amd64 with two segments and a message.
	bits 64
	org 0x400000
ehdr:	db 0x7f, 'ELF', 2, 1, 1, 0
	dq 0
	dw 2, 62
	dd 1
	dq _start, phdr - $$, 0
	dd 0
	dw .size, phdr.size, 2, 0, 0, 0
.size	equ $ - ehdr
phdr:	dd 1, 5
	dq 0, $$, $$, text_end - $$, text_end - $$, 0x1000
.size	equ $ - phdr
	dd 1, 6
	dq data - $$, data + 0x1000, data + 0x1000, data_end - data, data_end - data + 64, 0x1000
_start:	default rel
	mov eax, 1
	mov edi, eax
	lea rsi, [data + 0x1000]
	mov edx, data_end - data
	syscall
	mov byte [rsi + 64 - 1], 'x'
	xor edi, edi
	mov eax, 60
	syscall
text_end:
	align 16, db 0
data:	db 'Hello from a handmade header', 10
data_end:
