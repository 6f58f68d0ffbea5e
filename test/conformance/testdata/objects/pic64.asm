; Position-independent code for ELF64 and x32.
%ifnidn __?OUTPUT_FORMAT?__, elf32
	extern	_GLOBAL_OFFSET_TABLE_, printf, errno
	default rel
	global	f:function, v:data 8
f:	call	printf wrt ..plt
	jmp	printf wrt ..plt
	mov	rax, [v wrt ..got]
	mov	rax, [rel printf wrt ..got]
	mov	rax, [printf wrt ..gotpc]
	mov	rcx, [errno wrt ..gottpoff]
	call	[printf wrt ..got]
	lea	rax, [v]
	mov	eax, [v+4]
	mov	rax, v
	mov	eax, v
	mov	rax, strict dword v
	mov	rax, [abs v]
	mov	rax, [qword v]
	mov	[rbx+v], al
	push	v
	mov	al, v
	dd	v wrt ..sym, v+2 wrt ..sym, v
	dq	v wrt ..sym, v
	dd	_GLOBAL_OFFSET_TABLE_+$$-$ wrt ..gotpc
%ifidn __?OUTPUT_FORMAT?__, elf64
	mov	rax, v wrt ..gotoff
	mov	rax, printf wrt ..got
	dq	v-$
%endif
	dd	printf wrt ..got
	section	.data
v:	dq	f wrt ..sym, f
%endif
