	section .a start=17 align=16
	db 1
