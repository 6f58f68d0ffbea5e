	bits 64
	push dword [rbx]
