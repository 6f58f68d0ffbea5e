	absolute 5
	db 1
