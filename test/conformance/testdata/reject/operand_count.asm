	mov eax
