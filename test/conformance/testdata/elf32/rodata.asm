; Constants of their own, and jumps between sections of code.
	global _start
	section .text align=1
_start:	mov eax, [numbers + 4]
	mov ecx, text
	push text_end - text
	call helper
	jmp done
	section .rodata align=1
numbers: dd 1, 2, 3, text, _start, helper
text:	db 'read only'
text_end:
	section .text
helper:	ret 4
done:	mov eax, 1
	mov bl, [text + 2]
	int 0x80
	section .data align=1
	dd text, numbers, done - _start
