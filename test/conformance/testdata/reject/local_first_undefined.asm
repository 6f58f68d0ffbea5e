	jmp .x
