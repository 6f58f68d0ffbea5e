	mov ax, bx cx
