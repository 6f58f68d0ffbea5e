	extern there
	mov ax, there
