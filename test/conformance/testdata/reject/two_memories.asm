	mov [bx], [si]
