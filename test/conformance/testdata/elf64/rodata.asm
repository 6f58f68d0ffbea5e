; Tables of constants and of code.
	global _start
	section .text align=1
_start:	cmp edi, 3
	ja .default
	lea rax, [rel table]
	movsxd rdx, dword [rax + rdi*4]
	add rax, rdx
	jmp rax
.one:	jmp [functions + rdi*8]
.two:	call [rel functions + 8]
.default:
	mov ecx, [text + rbx]
	mov al, [qword text]
	push text
	ret
	section .rodata align=1
table:	dd _start.one - _start, 5, 6, text_end - text
text:	db 'constants'
text_end:
	align 8
functions: dq _start, _start.two, table
