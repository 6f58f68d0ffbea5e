	db ax
