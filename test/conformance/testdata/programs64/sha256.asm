; SHA-256 of standard input, with unrolled rounds made by macros.
	bits 64
	default rel
	section .text
%define H(n) dword [state + (n) * 4]
%xdefine ra eax
%xdefine rb ebx
%xdefine rc ecx
%xdefine rd edx
%xdefine re r8d
%xdefine rf r9d
%xdefine rg r10d
%xdefine rh r11d
%macro round 1
	; T1 = h + S1(e) + ch(e, f, g) + k + w
	mov r12d, re
	ror r12d, 6
	mov r13d, re
	ror r13d, 11
	xor r12d, r13d
	ror r13d, 25 - 11
	xor r12d, r13d
	add rh, r12d
	mov r13d, rf
	xor r13d, rg
	and r13d, re
	xor r13d, rg
	add rh, r13d
	add rh, [rsi + (%1) * 4]
	add rh, [rdi + (%1) * 4]
	add rd, rh
	; T2 = S0(a) + maj(a, b, c)
	mov r12d, ra
	ror r12d, 2
	mov r13d, ra
	ror r13d, 13
	xor r12d, r13d
	ror r13d, 22 - 13
	xor r12d, r13d
	add rh, r12d
	mov r12d, ra
	and r12d, rb
	mov r13d, ra
	or r13d, rb
	and r13d, rc
	or r12d, r13d
	add rh, r12d
	%xdefine old rh
	%xdefine rh rg
	%xdefine rg rf
	%xdefine rf re
	%xdefine re rd
	%xdefine rd rc
	%xdefine rc rb
	%xdefine rb ra
	%xdefine ra old
%endmacro
block:	push rbx
	push r12
	push r13
	push rbp
	lea rdi, [w]
	mov ecx, 16
.load:	mov eax, [rsi]
	bswap eax
	mov [rdi], eax
	add rsi, 4
	add rdi, 4
	loop .load
	mov ecx, 48
.extend:
	mov eax, [rdi - 15 * 4]
	mov edx, eax
	ror edx, 7
	mov ebx, eax
	ror ebx, 18
	xor edx, ebx
	shr eax, 3
	xor edx, eax
	mov eax, [rdi - 2 * 4]
	mov ebx, eax
	ror ebx, 17
	mov ebp, eax
	ror ebp, 19
	xor ebx, ebp
	shr eax, 10
	xor ebx, eax
	add edx, ebx
	add edx, [rdi - 16 * 4]
	add edx, [rdi - 7 * 4]
	mov [rdi], edx
	add rdi, 4
	dec ecx
	jnz .extend
%assign i 0
	mov ra, H(0)
	mov rb, H(1)
	mov rc, H(2)
	mov rd, H(3)
	mov re, H(4)
	mov rf, H(5)
	mov rg, H(6)
	mov rh, H(7)
	lea rsi, [k]
	lea rdi, [w]
%assign i 0
%rep 64
	round i
	%assign i i + 1
%endrep
	add H(0), ra
	add H(1), rb
	add H(2), rc
	add H(3), rd
	add H(4), re
	add H(5), rf
	add H(6), rg
	add H(7), rh
	pop rbp
	pop r13
	pop r12
	pop rbx
	ret
	global _start
_start:	xor ebx, ebx
.read:	lea rsi, [buffer]
	add rsi, rbx
	mov edx, 64
	sub edx, ebx
	xor edi, edi
	xor eax, eax
	syscall
	test eax, eax
	jle .last
	add [total], rax
	add ebx, eax
	cmp ebx, 64
	jb .read
	lea rsi, [buffer]
	call block
	jmp _start
.last:	lea rdi, [buffer]
	mov byte [rdi + rbx], 0x80
	inc ebx
	cmp ebx, 56
	jbe .pad
.fill:	cmp ebx, 64
	je .full
	mov byte [rdi + rbx], 0
	inc ebx
	jmp .fill
.full:	lea rsi, [buffer]
	call block
	xor ebx, ebx
	lea rdi, [buffer]
.pad:	cmp ebx, 56
	jae .length
	mov byte [rdi + rbx], 0
	inc rbx
	jmp .pad
.length:
	mov rax, [total]
	shl rax, 3
	bswap rax
	mov [buffer + 56], rax
	lea rsi, [buffer]
	call block
	lea rsi, [state]
	lea rdi, [text]
	mov ecx, 8
.hex:	lodsd
	mov edx, 8
.digit:	rol eax, 4
	push rax
	and eax, 15
	add al, '0'
	cmp al, '9'
	jbe .store
	add al, 'a' - '0' - 10
.store:	stosb
	pop rax
	dec edx
	jnz .digit
	loop .hex
	mov byte [rdi], 10
	mov eax, 1
	mov edi, eax
	lea rsi, [text]
	mov edx, 65
	syscall
	mov eax, 60
	xor edi, edi
	syscall
	section .data align=16
state:	dd 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a
	dd 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
; the constants are made by rule here: any numbers do for a test of bytes
k:
%assign i 1
%rep 64
	dd (i * 0x9e3779b9) ^ (i << 13)
	%assign i i + 1
%endrep
	section .bss
total:	resq 1
buffer:	resb 64
w:	resd 64
text:	resb 65
