; All 16-bit addressing modes, in any order of terms.
	bits 16
	mov al, [bx + si]
	mov al, [si + bx]
	mov al, [bx + di]
	mov al, [bp + si]
	mov al, [di + bp]
	mov al, [si]
	mov al, [di]
	mov al, [bp]
	mov al, [bx]
	mov al, [0x1234]
	mov al, [x]
	mov [x], ax
	mov cl, [bx + si + 1]
	mov cl, [1 + bx + si]
	mov cl, [bx + 1 + si]
	mov cl, [bx + di + 127]
	mov cl, [bx + di + 128]
	mov cl, [bp - 128]
	mov cl, [bp - 129]
	mov cl, [bp + 0]
	mov cl, [byte bx + 0]
	mov cl, [word bx + 0]
	mov cl, [word bx + 5]
	mov cl, [byte bp]
	mov cl, [di - 1]
	mov cl, [bx + x]
	mov cl, [x + bp + di]
	mov cl, [es:bx]
	mov cl, [ss:bp + si + 3]
	mov [cs:x], al
	mov ax, [ds:0]
	mov ax, [fs:di]
	mov gs, [bx]
	mov [bx - x2], si
	mov [bx + si - 2 + 4], si
	es mov ax, [bx]
	ds lodsb
	cs xlatb
	ss movsw
	es lodsw
x:	dw 0
x2	equ 3
