; A label needs no colon, and a line can hold one alone.
bits 16
start
	mov ax, count
again	dec ax
	jnz again
msg	db 'text'
count	equ $-msg
table	dw msg, again, start
.first	dw .first
alone
	ret
 indented
	jmp indented
	  deeper	mov bx, deeper
lock_	times 3 nop
	dw lock_
