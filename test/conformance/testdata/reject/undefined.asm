	bits 32
	mov eax, [nowhere]
