	db 5 % 0
