	mov ax, [5:bx]
