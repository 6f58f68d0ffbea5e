	bits 64
	aaa
	pusha
	push es
