	db 'text
