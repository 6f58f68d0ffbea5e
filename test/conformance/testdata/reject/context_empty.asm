	jmp %$label
