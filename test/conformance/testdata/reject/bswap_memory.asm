	bits 32
	bswap [eax]
