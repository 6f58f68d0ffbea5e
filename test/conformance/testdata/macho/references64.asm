	bits 64
	default rel
	extern f, unused
	global here, table:private_extern, constant
	common shared 24
first:	nop
here:	call f
	call here
	call near away
	jmp f
	jz f
	lea rax, [f]
	mov rax, [f wrt ..gotpcrel]
	mov r9, [f wrt ..gotpcrel]
	mov eax, [f wrt ..gotpcrel]
	cmp qword [f wrt ..gotpcrel], 5
	push qword [here wrt ..gotpcrel]
	mov rdi, [rel tls wrt ..tlvp]
	mov rax, [shared]
	mov byte [word2], 5
	mov dword [word2+4], 0x12345678
	mov rax, qword away
	mov rbx, qword f+16
	movups xmm1, [table+8]
	jmp [table]
	dd f-$, word2-$
constant equ 77
local	equ 8
	section .data
word1:	dq here, f, first+1, word2, shared
word2:	dq word2+8, local, constant
table:	times 3 dq away
	dd $-table
	section .rodata
string:	db "text", 0
	section .bss
zeros:	resb 100
	alignb 16
more:	resq 2
	section __TEXT,__more code align=16
	call here
away:	ret
	section __DATA,__thread_vars
	global tls
tls:	dq f, 0, zeros
	section .rodata
	dq string, 1
