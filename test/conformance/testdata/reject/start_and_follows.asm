	section .a start=16 follows=.text
	db 1
