; Variables without contents behind those with.
	global _start
	section .text align=1
_start:	mov dword [counter], 5
	mov eax, [initial]
	add [sum], eax
	mov esi, buffer + 64
	movzx eax, byte [buffer + ebx*2]
	cmp dword [esi + 8], buffer
	jne _start
	mov al, 1
	int 0x80
	section .data align=8
initial: dd 17
pointers: dd buffer, counter, _start, initial
	section .bss align=8
counter: resd 1
sum:	resd 1
buffer:	resb 256
