	bits 32
	lea eax, ebx
