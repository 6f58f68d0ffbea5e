; Instructions with operands left out, or said twice.
	bits 32
	imul eax, 10
	imul ebx, 1000
	imul ecx, ecx, 3
	shl eax, 1
	aam 16
	aad 16
	retn
	retn 4
	int 3
	int 1
	icebp
	test eax, [ebx]
	xchg ax, ax
	xchg eax, eax
	mov eax, [0x100]
	mov [0x100], al
	mov ebx, [0x100]
	mov eax, es
	mov es, eax
	movsx eax, al
	movzx eax, cx
	movsx eax, cx
	push dword [ebx]
	push word [ebx]
	pop dword [ebx]
	pop eax
	pop ax
	inc eax
	dec cx
	inc byte [ebx]
	inc cl
	setalc
	loop $
	bswap eax
	nop eax
	nop word [eax]
	str eax
	sldt eax
	smsw eax
	lsl eax, [ebx]
	cmpsd
	movsd
	ud0 eax, ebx
	ud2a
	pushad
	popaw
	pushfd
	popfw
	jmp eax
	rsm
	bits 64
	push rax
	push 5
	push qword [rbx]
	pop qword [rbx]
	pop r8
	xchg rax, rax
	xchg r8, r8
	movzx rax, cl
	movsx rax, cl
	movsxd rax, ecx
	movsx rax, ecx
	movzx eax, r9b
	inc r10
	dec eax
	mov rax, cr8
	mov r15, cr0
	in eax, dx
	push fs
	pop gs
	push word 5
	lea rax, [0]
	call [rbx]
	call qword [rbx]
	jmp rbx
