	loop x
	times 200 nop
x:
