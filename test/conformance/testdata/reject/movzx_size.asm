	bits 32
	movzx eax, [ebx]
