	db -1 dup (5)
