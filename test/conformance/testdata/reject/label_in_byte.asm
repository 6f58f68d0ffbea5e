	bits 32
a:	db a / 2
