	db 102b
