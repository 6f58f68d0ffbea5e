a:	nop
	nop
	times 1 - ($ - a) db 0
