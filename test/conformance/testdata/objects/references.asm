; Fields that a linker completes, in every width.
	extern	foo
bar:	dd	foo-$, foo-bar, $-bar, foo-$$+4, sd-$
	dw	foo, foo-$
	db	foo, foo-$
	times 3 dd foo+1, sd
	mov	al, foo
	mov	ax, foo
	mov	eax, foo
	mov	eax, bar+8
	mov	[ebx+foo], eax
	jmp	foo
	jz	foo
	call	foo+2
	jmp	short foo
	loop	foo
	jmp	sd
	jmp	bar
	push	foo
	push	dword bar
	add	eax, foo
	mov	eax, [foo]
	mov	eax, [sd+4]
	call	5
	jmp	0x1000
	lea	ecx, [foo]
	section	.d
sd:	dd	sd, bar, $-sd
