; Turns a brainfuck program from standard input into threaded code and runs it.
	bits 64
	org 0x400000
	default rel
%define sys_read 0
%define sys_write 1
%define sys_exit 60
%define CODE_MAX 65536
%define TAPE_MAX 30000
%macro sys 1-4
	%if %0 > 3
	mov edx, %4
	%endif
	%if %0 > 2
	lea rsi, %3
	%endif
	%if %0 > 1
	mov edi, %2
	%endif
	mov eax, %1
	syscall
%endmacro
section .text
_start:
	lea rbp, [source]
	mov r12, rbp
.read:	lea rcx, [source + CODE_MAX]
	sub rcx, r12
	jbe .compile
	mov rdx, rcx
	mov rsi, r12
	xor edi, edi
	xor eax, eax
	syscall
	test rax, rax
	jle .compile
	add r12, rax
	jmp .read
.compile:
	mov rsi, rbp
	lea rdi, [threaded]
	xor ecx, ecx
.next:	cmp rsi, r12
	jae .end
	movzx eax, byte [rsi]
	inc rsi
	lea rbx, [ops]
.find:	cmp byte [rbx], 0
	jz .next
	cmp [rbx], al
	je .emit
	add rbx, 9
	jmp .find
.emit:	mov rdx, [rbx + 1]
	mov [rdi], rdx
	add rdi, 8
	cmp al, '['
	jne .notopen
	push rdi
	inc ecx
	add rdi, 8
	jmp .next
.notopen:
	cmp al, ']'
	jne .next
	sub ecx, 1
	jc near failure
	pop rdx
	mov [rdi], rdx
	add rdi, 8
	mov [rdx], rdi
	jmp .next
.end:	test ecx, ecx
	jnz failure
	lea rax, [op_end]
	mov [rdi], rax
	lea rsi, [threaded]
	lea r13, [tape]
%macro next 0
	lodsq
	jmp rax
%endmacro
	next
op_inc:	inc byte [r13]
	next
op_dec:	dec byte [r13]
	next
op_right:
	inc r13
	next
op_left:
	dec r13
	next
op_out:	mov r14, rsi
	sys sys_write, 1, [r13], 1
	mov rsi, r14
	next
op_in:	mov r14, rsi
	mov rsi, r13
	mov edx, 1
	xor edi, edi
	xor eax, eax
	syscall
	mov rsi, r14
	next
op_open:
	lodsq
	cmp byte [r13], 0
	cmovz rsi, rax
	next
op_close:
	lodsq
	cmp byte [r13 + 0], 0
	jz .out
	lea rsi, [rax + 8 - 8]
.out:	next
op_end:	xor edi, edi
	sys sys_exit
failure:
	sys sys_write, 2, [message], message_len
	sys sys_exit, 1
section .rodata
ops:
%macro op 2
	db %1
	dq %2
%endmacro
	op '+', op_inc
	op '-', op_dec
	op '>', op_right
	op '<', op_left
	op '.', op_out
	op ',', op_in
	op '[', op_open
	op ']', op_close
	db 0
message db "unbalanced brackets", `\n`
message_len equ $ - message
section .bss align=16
source:	resb CODE_MAX
	alignb 8
threaded: resq CODE_MAX * 2
tape:	resb TAPE_MAX
