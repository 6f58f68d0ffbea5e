; Where a flat binary's sections lie, and where they believe to lie.
	org 0x100
	bits 16
	section .text align=16
start:	mov si, src
	mov di, dst
	mov cx, len
	rep movsb
	jmp dst
	section .reloc vstart=0x600 align=16 valign=16
dst:	mov ax, dst
	mov bx, $
	mov cx, $$
	jmp start
end_reloc:
len	equ end_reloc - dst
	section .tail follows=.reloc align=4
	dw $, $$, start, dst
	section .high start=0x200
	dw $, high
high:	db 'high'
	section .virtual vfollows=.reloc start=0x240
	dw $, v
v:	db 'v'
	section .bss nobits vfollows=.high valign=8
b:	resb 4
c:	resw 2
	section .text
	dw b, c, src
src	equ section..reloc.start
	dw section..reloc.vstart, section..text.start, section..high.vstart
