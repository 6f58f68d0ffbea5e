	int [bx]
