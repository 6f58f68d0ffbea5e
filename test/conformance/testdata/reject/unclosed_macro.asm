%macro a 0
	nop
