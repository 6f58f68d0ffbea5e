; Reserved space and question marks.
	bits 32
	section .text
	mov eax, [b1]
	mov eax, b2
	lea ecx, [b3 + 4]
	dd size, b4, b5, b6
	section .bss
b1:	resb 1
b2:	resw 3
	resd 2
b3:	resq 1
	rest 1
	reso 1
	resy 1
	resz 1
b4:	db ?
b5:	dw ?, ?
	dd ?
	dq 4 dup (?)
b6:	times 5 resb 3
	alignb 16
	resb size2
end:
size	equ end - b1
size2	equ 17
