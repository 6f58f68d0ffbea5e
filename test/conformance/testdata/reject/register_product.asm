	bits 32
	mov eax, [ebx*ecx]
