	mov ax, [bx + bp]
