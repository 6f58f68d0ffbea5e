; Numbers that do not fit lose their upper bits, with a warning at most.
	bits 32
	db 256, 0x1ff, -129, -200, 1000000
	dw 65536, -40000, 0x12345
	dd 0x100000000, 0x123456789, -0x100000000
	mov al, 256
	mov al, -200
	mov ax, 0x12345
	add bl, 511
	add bx, 65535
	add bx, -1
	add bx, 0x1ffff
	add ebx, 0xffffffff
	add ebx, 0xfffffff0
	add ebx, 0x1fffffff0
	mov eax, 0x1234567890
	push byte 200
	push byte -128
	push byte 0x80
	push word 0xffff
	int 0x180
	mov byte [ebx], 300
	mov word [ebx], 0xffff
	add word [ebx], 0xfff0
	add dword [ebx], 0xfffffff0
	mov eax, [ebx + 0xffffffff]
	mov eax, [ebx + 0xffffff80]
	mov eax, [ebx + 0xffffff7f]
	mov eax, [byte ebx + 200]
	shl eax, 300
	ret 0x12345
	enter 0x12345, 300
	bits 16
	mov ax, [bx + 0xffff]
	mov ax, [bx + 0xff80]
	mov ax, [bx + 0xff7f]
	mov ax, [0x12345]
	add ax, 0xffff
	add ax, 0x1ffff
	bits 64
	add rax, 0xffffffffffffffff
	add rbx, -0x80000000
	mov rax, -1
	mov rax, 0xffffffff
	mov rax, 0x80000000
	mov eax, -1
