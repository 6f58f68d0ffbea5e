; More than one pass that changes something; instructions whose parts nasm hands over one by one.
	bits	64
%macro	store 1
	mov	eax, %1
	db	7
%endmacro
first:	jmp	second
	times	120 nop
	jz	third
second:	times	127 db 1
	jmp	first
third:	store	5
	store	third
	lock add dword [fs:rbx+rcx*4+0x1234], byte 5
	a32 rep movsb
	vaddps	zmm1, zmm2, [rax+64]
	vaddps	zmm1, zmm2, [rax+5]
	vaddps	ymm1, ymm2, [r9]
	vblendvps xmm1, xmm2, [rel first], xmm5
	pshufd	xmm1, xmm2, 0x1b
	add	rax, second - first
	add	rbx, -1000
	mov	rax, -5
	mov	rax, qword second
	mov	al, [qword 5]
	mov	eax, [0x12345678]
	pfadd	mm1, [rax]
	fstcw	[rax]
	enter	5, 6
	bits	16
	jmp	5:6
	jmp	second:6
	jmp	far second
	call	dword far second
	mov	ax, seg second
	mov	dword [bx+5], seg second
	o32 push word [ss:bp]
	rep
