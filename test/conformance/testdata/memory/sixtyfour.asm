; 64-bit addressing with the old and the new registers.
	bits 64
	mov rax, [rbx]
	mov rax, [rbp]
	mov rax, [rsp]
	mov rax, [r12]
	mov rax, [r13]
	mov rax, [rbx + r12]
	mov rax, [r12 + rbx]
	mov rax, [r13 + r12*8]
	mov rax, [r8*2]
	mov rax, [2*r13]
	mov rax, [rsp + r13]
	mov rax, [r13 + rsp]
	mov rax, [rbx + rcx*4 + 0x12345678]
	mov rax, [rbx - 128]
	mov rax, [rbx - 129]
	mov rax, [dword rbx + 1]
	mov rax, [byte r13]
	mov rax, [0x1234]
	mov rax, [rel 0x1234]
	mov rax, [abs 0x7fffffff]
	mov rax, [x + rcx]
	mov rax, [r9*8 + x]
	mov rax, [ebx]
	mov eax, [r10d + r11d*2]
	mov al, [fs:0]
	mov rax, [fs:rbx + 8]
	mov spl, [rax]
	mov [rax], sil
	mov r8b, [rbx]
	mov r9w, [rbx]
	mov r10d, [rbx]
	mov r11, [rbx]
	mov ah, [rbx]
	mov [rcx], dh
	mov [rsi + rdi], r15
	mov byte [r12 + 1], 2
	mov word [r13 + 1], 2
	mov dword [r14 + 1], 2
	mov qword [r15 + 1], 2
	mov qword [r15 + 1], -2
	mov al, [qword 0x1122334455667788]
	mov [qword 0x1122334455667788], rax
	mov eax, [qword 0x11]
	mov al, [0xffffffff80000000]
	mov al, [-1]
	lea r8, [r9 + r10*4 - 1]
	lea r8d, [r9 + r10*4 - 1]
	lea r8d, [r9d + r10d*4 - 1]
	mov rax, [nosplit rcx*2]
	mov rax, [rcx*3 + 1]
	mov rax, [r12*9]
	movzx r9d, byte [r10 + r11]
	movsx rax, word [rbx]
	movsxd rax, dword [rbx]
	xchg rax, r8
	xchg r8, rax
	xchg eax, eax
	xchg r8d, eax
	nop
	push r12
	pop r13
	cmpxchg16b [rdi]
	crc32 eax, byte [rbx]
	bswap r15
x:	dq 0
