	mov ax, bl
