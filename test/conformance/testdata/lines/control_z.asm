	db 1 ; a file of DOS ends with Ctrl-Z, which ends a line elsewhere too
	db 2	db 3
	db 4
