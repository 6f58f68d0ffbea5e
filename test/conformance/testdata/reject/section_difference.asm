a:	nop
	section .data
b:	db 0
	times b - a nop
