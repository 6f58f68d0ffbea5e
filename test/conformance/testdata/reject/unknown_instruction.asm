	mvo eax, 5
