	mov cs, ax
