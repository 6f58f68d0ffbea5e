	mov ax, 
