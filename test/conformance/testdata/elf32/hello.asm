; A message, in the customary sections.
	global _start
section .text align=1
_start:	mov eax, 4
	mov ebx, 1
	mov ecx, message
	mov edx, length
	int 0x80
	mov eax, 1
	xor ebx, ebx
	int 0x80
section .data align=1
message: db 'Hello, world', 10
length	equ $ - message
