	nop
	align x
x:
