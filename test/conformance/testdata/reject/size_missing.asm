	mov [bx], 5
