	jmp far ax
