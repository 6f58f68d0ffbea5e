; No line end at the end of the file.
	bits 32
x:	mov eax, x
	ret