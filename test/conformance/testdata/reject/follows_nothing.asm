	section .a follows=.b
	db 1
