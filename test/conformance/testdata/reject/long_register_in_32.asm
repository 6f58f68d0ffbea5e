	bits 32
	mov rax, 1
