	bits 32
	cmovz eax, 5
