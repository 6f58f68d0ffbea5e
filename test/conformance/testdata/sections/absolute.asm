; ABSOLUTE: labels without bytes.
	bits 16
after2	equ 0x7000
	org 0x100
	absolute 0x400
com1	resw 1
com2	resw 1
	resb 4
.inner	resb 1
lpt	resw 4
	alignb 16
kbd	resb 1
here_	equ $
	section .text
	mov ax, [com1]
	mov bx, [com2]
	mov cx, com2.inner
	mov dl, [lpt + 2]
	mov dh, [kbd]
	mov si, here_
	dw lpt - com1, kbd
	absolute after2
flags	resb 1
count	resd 1
	section .text
	mov byte [flags], 1
	mov dword [count], 5
	db 'x'
after:
later	equ 5
	absolute 0
f0:	resd 1
f4:	resw 1
fsize:
	section .text
	mov eax, [bx + f4]
	mov ax, fsize
