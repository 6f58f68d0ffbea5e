	db 12abc
