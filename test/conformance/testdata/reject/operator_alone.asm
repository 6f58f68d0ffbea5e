	db 5 +
