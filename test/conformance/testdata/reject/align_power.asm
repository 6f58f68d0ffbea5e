	db 1
	align 3
