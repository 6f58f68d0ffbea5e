; Integer matrices, recursion, tables of functions and a jump table.
	bits 64
	default rel
N	equ 4
struc matrix
.rows:	resd 1
.columns: resd 1
.data:	resq N * N
endstruc
%macro prologue 0-1 0
	push rbp
	mov rbp, rsp
	%if %1
	sub rsp, (%1 + 15) & ~15
	%endif
	push rbx
	push r12
	push r13
	push r14
	push r15
%endmacro
%macro epilogue 0
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	leave
	ret
%endmacro
	section .text
; rdi = rsi * rdx
multiply:
	prologue 8
	mov eax, [rsi + matrix.columns]
	cmp eax, [rdx + matrix.rows]
	jne .bad
	mov r8d, [rsi + matrix.rows]
	mov [rdi + matrix.rows], r8d
	mov r9d, [rdx + matrix.columns]
	mov [rdi + matrix.columns], r9d
	mov [rbp - 8], rax
	xor r10d, r10d
.row:	xor r11d, r11d
.column:
	xor r12d, r12d
	xor ebx, ebx
.sum:	mov rcx, r10
	imul rcx, [rbp - 8]
	add rcx, r12
	mov r13, [rsi + matrix.data + rcx*8]
	mov rcx, r12
	imul rcx, r9
	add rcx, r11
	imul r13, [rdx + rcx*8 + matrix.data]
	add rbx, r13
	inc r12
	cmp r12, [rbp - 8]
	jb .sum
	mov rcx, r10
	imul rcx, r9
	add rcx, r11
	mov [matrix.data + rdi + rcx*8], rbx
	inc r11d
	cmp r11d, r9d
	jb .column
	inc r10d
	cmp r10d, r8d
	jb .row
	clc
	jmp .end
.bad:	stc
.end:	epilogue
; Fibonacci by plain recursion
fib:	cmp edi, 2
	jae .more
	mov eax, edi
	ret
.more:	push rbx
	push rdi
	dec edi
	call fib
	mov rbx, rax
	pop rdi
	sub edi, 2
	call fib
	add rax, rbx
	pop rbx
	ret
ackermann:
	test edi, edi
	jnz .m
	lea eax, [rsi + 1]
	ret
.m:	test esi, esi
	jnz .n
	dec edi
	mov esi, 1
	jmp ackermann
.n:	push rdi
	dec esi
	call ackermann
	pop rdi
	dec edi
	mov esi, eax
	jmp ackermann
dispatch:
	cmp edi, (jumps.end - jumps) / 4
	jae .default
	lea rax, [jumps]
	movsxd rcx, dword [rax + rdi*4]
	add rax, rcx
	jmp rax
.zero:	xor eax, eax
	ret
.one:	mov eax, 1
	ret
.two:	mov eax, dword [counter]
	add dword [counter], 2
	ret
.default:
	or rax, -1
	ret
	align 4, db 0
jumps:	dd dispatch.zero - jumps, dispatch.one - jumps
	dd dispatch.two - jumps, dispatch.default - jumps
.end:
	align 16
_start:	lea rdi, [c]
	lea rsi, [a]
	lea rdx, [b]
	call multiply
	setc byte [rel flag]
	mov edi, 20
	call fib
	mov [result], rax
	mov edi, 2
	mov esi, 3
	call ackermann
	add [result], rax
	lea rbx, [functions]
	mov ecx, functions.count
.each:	push rcx
	mov rax, [rbx]
	test rax, rax
	jz .skip
	mov edi, ecx
	call rax
.skip:	add rbx, 8
	pop rcx
	loop .each
	call [functions + 8]
	mov eax, 60
	mov dil, [flag]
	syscall
	section .data
functions:
	dq fib, dispatch, 0, fib
.count	equ ($ - functions) / 8
a:	istruc matrix
	at matrix.rows, dd 2
	at matrix.columns, dd 3
	at matrix.data, dq 1, 2, 3, 4, 5, 6
	iend
b:	istruc matrix
	at matrix.rows, dd 3, 2
	at matrix.data, dq 7, 8, 9, 10, 11, 12
	iend
counter	dd 0
	section .bss
	alignb 8
c:	resb matrix_size
result:	resq 1
flag:	resb 1
