; A .com program: reads numbers from its command line, sorts and prints them.
	org 100h
	bits 16
%define MAX 64
	section .text
start:	mov si, 81h
	xor bx, bx
	mov [count], bx
parse:	lodsb
	cmp al, 13
	je sort
	cmp al, ' '
	je parse
	cmp al, 9
	je parse
	cmp al, '0'
	jb bad
	cmp al, '9'
	ja bad
	xor dx, dx
.digit:	sub al, '0'
	cbw
	push ax
	mov ax, 10
	mul dx
	mov dx, ax
	pop ax
	add dx, ax
	lodsb
	cmp al, '0'
	jb .done
	cmp al, '9'
	jbe .digit
.done:	dec si
	mov bx, [count]
	cmp bx, MAX
	jae sort
	shl bx, 1
	mov [numbers + bx], dx
	inc word [count]
	jmp parse
bad:	mov dx, usage
	mov ah, 9
	int 21h
	mov ax, 4c01h
	int 21h
sort:	mov cx, [count]
	jcxz finish
	dec cx
	jz print
.outer:	push cx
	mov di, numbers
.inner:	mov ax, [di]
	cmp ax, [di + 2]
	jbe .ordered
	xchg ax, [di + 2]
	mov [di], ax
.ordered:
	add di, 2
	loop .inner
	pop cx
	loop .outer
print:	mov cx, [count]
	mov si, numbers
.next:	lodsw
	call number
	mov dl, ' '
	cmp cx, 1
	jne .sep
	mov dl, 13
.sep:	mov ah, 2
	int 21h
	loop .next
	mov dl, 10
	mov ah, 2
	int 21h
finish:	mov ax, 4c00h
	int 21h
; prints AX in decimal
number:	push cx
	push dx
	mov bx, 10
	xor cx, cx
.divide:
	xor dx, dx
	div bx
	push dx
	inc cx
	or ax, ax
	jnz .divide
.show:	pop dx
	add dl, '0'
	mov ah, 2
	int 21h
	loop .show
	pop dx
	pop cx
	ret
	section .data
usage	db 'Give numbers only.', 13, 10, '$'
	section .bss
count	resw 1
numbers	resw MAX
