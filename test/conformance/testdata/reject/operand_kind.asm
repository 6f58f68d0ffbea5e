	bits 32
	mov 5, eax
