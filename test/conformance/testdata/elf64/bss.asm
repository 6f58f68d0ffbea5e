; Variables without contents behind those with.
	default rel
	global _start
	section .text align=1
_start:	mov dword [counter], 5
	mov eax, [initial]
	add [sum], eax
	lea rsi, [buffer + 64]
	movzx eax, byte [abs buffer + rbx*2]
	cmp dword [rsi + 8], 5
	jne _start
	mov al, 1
	syscall
	section .data align=8
initial: dq 17
pointers: dq buffer, counter, _start, initial
	section .bss align=8
counter: resd 1
sum:	resd 1
buffer:	resb 256
