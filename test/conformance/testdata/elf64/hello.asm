; A message, with addresses of every kind.
	default rel
	global _start
section .text align=1
_start:	mov eax, 1
	mov edi, eax
	lea rsi, [message]
	mov rsi, message
	mov esi, message
	mov rsi, [abs pointer]
	mov rsi, [pointer]
	mov edx, length
	syscall
	mov eax, 60
	xor edi, edi
	syscall
	jmp _start
section .data align=1
pointer: dq message, _start
	dd message, message - pointer
message: db 'Hello, world', 10
length	equ $ - message
