	bits 48
