; Structures: offsets, instances, alignment and nested names.
	bits 32
struc point
.x:	resd 1
.y:	resd 1
endstruc
struc rect
.a:	resb point_size
.b:	resb point_size
.color	resw 1
	alignb 4
.name:	resb 8
endstruc
struc header, 16
.magic:	resd 1
.len:	resw 1
endstruc
	mov eax, [ebx + point.x]
	mov eax, [ebx + point.y]
	mov ax, [esi + rect.color]
	lea edi, [esi + rect.name]
	mov ecx, rect_size
	mov dl, [ebp + header.len]
	mov [ebp - 32 + rect.b + point.y], eax
	db point_size, rect_size, header_size, header.magic
origin:	istruc point
	at point.x, dd 1
	at point.y, dd -1
	iend
	istruc rect
	at rect.a, dd 1, 2
	at rect.color, dw 0x1234
	at rect.name, db 'name'
	iend
	dd origin, origin + point.y
	istruc point
	iend
	istruc point
	at .y, dd 5
	iend
table:	times 2 dd rect.name, rect.b - rect.a
