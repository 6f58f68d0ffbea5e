; Data among the code.
	bits 32
	global _start
	section .text align=1
first:	db 'data before the start', 0
	align 16
_start:	mov esi, first
	call .here
.here:	pop ebx
	lea ecx, [ebx + table - .here]
	mov eax, [table + ecx*4]
	jmp [table + 4]
	mov al, 1
.end:	xor ebx, ebx
	int 0x80
table:	dd _start.end - table, _start.end, table, first + 4
