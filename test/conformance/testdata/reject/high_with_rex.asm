	bits 64
	mov ah, r8b
