	mov ax, [bx*2]
