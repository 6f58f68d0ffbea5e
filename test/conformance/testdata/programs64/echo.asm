; echo and cat in one: arguments, or standard input where there are none.
	bits 64
	global _start
section .text
_start:	pop rbx
	pop rax
	dec rbx
	jz cat
	cld
.argument:
	pop rsi
	mov rdi, rsi
	xor eax, eax
	or rcx, -1
	repne scasb
	not rcx
	dec rbx
	mov al, ' '
	jnz .separator
	mov al, 10
.separator:
	mov [rdi - 1], al
	mov rdx, rcx
	mov r12, rcx
.again:	push 1
	pop rdi
	push 1
	pop rax
	syscall
	test rax, rax
	js failed
	add rsi, rax
	sub rdx, rax
	jnz .again
	test ebx, ebx
	jnz .argument
ok:	xor edi, edi
quit:	push 60
	pop rax
	syscall
failed:	neg eax
	cmp eax, 4
	je _start.again
	xchg edi, eax
	jmp short quit
cat:	xor edi, edi
	mov rsi, buffer
	mov edx, buffer.size
	xor eax, eax
	syscall
	cmp rax, 0
	je ok
	jl failed
	xchg rdx, rax
.write:	mov edi, 1
	mov eax, edi
	syscall
	test rax, rax
	js failed
	add rsi, rax
	sub rdx, rax
	ja .write
	jmp cat
section .bss
buffer:	resb 4096
.size	equ $ - buffer
