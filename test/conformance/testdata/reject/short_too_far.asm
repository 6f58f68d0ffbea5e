	jmp short x
	times 200 nop
x:
