; STRICT and sizes: which encoding is wanted.
	bits 32
	add eax, 5
	add eax, strict dword 5
	add eax, byte 5
	add eax, strict byte 5
	add ebx, strict dword 5
	add ebx, dword 5
	add bx, strict word 5
	add bx, word 5
	add bx, byte 5
	push 5
	push strict dword 5
	push strict byte 5
	push dword 5
	push byte 5
	push 500
	push dword 0x80
	imul eax, ebx, strict dword 5
	imul eax, ebx, byte 5
	imul eax, strict dword 5
	imul eax, 500
	mov eax, strict dword 5
	mov byte [ebx], byte 5
	and dword [ebx], strict dword 5
	and dword [ebx], byte 5
	or word [ebx], strict word 5
	cmp ecx, strict dword -1
	cmp ecx, -1
	cmp cx, 0xffff
	sub esp, 128
	sub esp, -128
	add esp, 127
	jmp strict near $
	jmp strict short $
	test al, 1
	test eax, 1
	test ebx, 1
	test byte [ebx], 1
	test [ebx], al
	test al, [ebx]
	xchg [ebx], al
	xchg al, [ebx]
	xchg eax, ebx
	xchg ebx, eax
	xchg ecx, ebx
	mov [ebx], byte 5
	mov [ebx], word 5
	mov [ebx], dword 5
	add [ebx], byte 5
	add [ebx], dword 5
	shl byte [ebx], 1
	shl dword [ebx], cl
	sar eax, byte 1
	rcl word [ebx], 5
	bits 64
	add rax, 5
	add rax, 0x7fffffff
	mov rax, 5
	mov rax, strict dword 5
	mov rax, strict qword 5
	mov rax, dword 5
	mov rax, qword 5
	mov rax, 0x80000000
	mov rax, -0x80000000
	mov rax, 0xffffffffffffffff
	mov qword [rbx], 5
	push strict dword 5
	push qword 5
	push strict word 5
	test rax, 1
	test rbx, -1
	bits 16
	add ax, strict word 5
	push strict word 5
	mov cx, strict word 5
	add ecx, strict dword 5
