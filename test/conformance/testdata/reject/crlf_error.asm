	mov ax, bx
	mvo ax
