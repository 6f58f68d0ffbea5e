	extern f
	global here, table:private_extern
	common shared 24
first:	nop
here:	call f
	call here
	call away
	jmp f
	mov eax, [f]
	mov eax, f+4
	mov ax, f
	mov eax, [shared]
	mov dword [word2+4], away
	dd f-$, word2-$
	dw f-$
	db f-$
	section .data
word1:	dd here, f, first+1, word2, shared
word2:	dw word2
	db word2
table:	times 3 dd away
	dq f
	section .rodata
string:	db "text", 0
	section .bss
zeros:	resb 100
	section __TEXT,__more code align=16
	call here
away:	ret
	global tls
tls:	dd zeros
