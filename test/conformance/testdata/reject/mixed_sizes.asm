	bits 64
	mov eax, [rbx + ecx]
