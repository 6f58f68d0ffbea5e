; EQU in chains, before and after use, with addresses and with numbers.
	org 0x100
	bits 16
a	equ b + 1
b	equ c * 2
c	equ d - 3
d	equ 10
	mov ax, a
	mov bx, b
	mov cl, c
	add dx, d
	add si, a - b
	sub word [di], c
self	equ $
	jmp self
size	equ end - self
	mov cx, size
	db size
	dw end, self
alias	equ end
	mov di, alias
	mov al, [alias]
neg1	equ -1
	add bx, neg1
	add bx, -neg1
	mov eax, neg1
big	equ 0x123456789
	dd big & 0xffffffff
	dq big
cond	equ size > 20
	db cond
end:
seg1	equ 0x1234
	jmp 0xffff:0
	call seg1:end
far_	equ 0x40
	jmp far_:0x17
