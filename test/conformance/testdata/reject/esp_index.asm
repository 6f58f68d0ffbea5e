	bits 32
	mov eax, [ebx + esp*2]
