; An expression in every place that takes one.
	bits 32
n	equ 4
base:	resb n * 2
	times n + 1 db n
	db n, n + 1, -n, n * n
	dw base + n, $ - base
	resw n - 2
	align 1 << n
	align n * 2, db n
	mov eax, n * n
	mov [base + n * 4], al
	shl eax, n + 1
	int 0x80 - n
	in al, 0x60 + n
	out 0x20 + n, al
	ret n * 4
	enter n * 8, n / 2
	rol byte [base + n], n - 1
	push n << 4
	jmp base + n
	call $ + 5
	jz $ + n + 2
	loop $ - n
	jmp word 0x10 + n : base + n
	imul ecx, [base], n * 100
	aam n + 6
	bt eax, n + 20
	shld eax, ebx, n
%assign m n * 3
	db m
%if n * 2 = 8
	db 'yes'
%endif
%rep n / 2
	db 'r'
%endrep
	times 64 - ($ - base) % 64 db 0
	db (4 + 5) dup (1), n dup (n, n + 1)
