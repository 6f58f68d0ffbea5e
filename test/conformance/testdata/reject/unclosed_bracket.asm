	mov ax, [bx
