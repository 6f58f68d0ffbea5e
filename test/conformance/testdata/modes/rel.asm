; Addresses relative to the instruction pointer.
	bits 64
	mov rax, [x]
	mov rax, [rel x]
	mov rax, [abs x]
	lea rax, [x]
	lea rax, [rel x]
	default rel
	mov rax, [x]
	mov rax, [abs x]
	mov rax, [rel x]
	mov al, [x + 1]
	mov byte [x], 5
	mov dword [x], 500
	mov word [x + 2], 500
	add qword [x], 5
	add qword [x], 500
	imul eax, [x], 500
	imul eax, [x], 5
	shl dword [x], 1
	shl dword [x], 3
	cmp byte [x], 'a'
	mov eax, [x + rbx]
	mov eax, [rbx*8 + x]
	mov eax, [fs:x]
	mov eax, [gs:0x28]
	mov eax, [fs:rel 0x28]
	mov eax, [0x1000]
	mov eax, [rel 0x1000]
	call [x]
	jmp [x]
	push qword [x]
	lock xadd [x], ecx
	movzx ecx, byte [x]
	mov rcx, x
	mov ecx, x
	mov rcx, strict dword x
	mov al, [qword x]
	mov [qword x], rax
	mov eax, [dword x]
	mov eax, [eax + x]
	default abs
	mov eax, [x]
	lea rdx, [rel x - 4]
	mov eax, [rel $]
	mov eax, [rel $$]
	section .data
x:	dq x, $$
