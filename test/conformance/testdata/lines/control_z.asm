	db 1 ; a file of DOS ends with Ctrl-Z, and so does a line
	db 2  , 3
	db 4
