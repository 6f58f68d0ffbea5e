	section .text
	times 64 db 1
	section .a start=16
	db 1
