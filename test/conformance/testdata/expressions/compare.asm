; The three-way comparison is -1, 0 or 1.
	db 3 <=> 4
	dd -1 <=> 1
