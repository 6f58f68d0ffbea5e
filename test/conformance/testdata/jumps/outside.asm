; Jumps to plain numbers and to other sections.
	org 0x200
	bits 16
	jmp 0x300
	call 0x210
	jz 0x200
	jmp other
	call other2
	jz other
	bits 32
	jmp 0x1000
	jmp dword 0x210
	call 0
	jmp near 0
	section .more
other:	jmp back
other2:	jz back
	loop other2
	section .text
back:	ret
