; Position-independent code for ELF32.
%ifidn __?OUTPUT_FORMAT?__, elf32
	extern	_GLOBAL_OFFSET_TABLE_, printf, errno
	global	f:function, v:data 4
f:	call	.next
.next:	pop	ebx
	add	ebx, _GLOBAL_OFFSET_TABLE_+$$-.next wrt ..gotpc
	lea	eax, [ebx+local wrt ..gotoff]
	mov	eax, [ebx+v wrt ..got]
	mov	eax, [ebx+printf wrt ..got]
	call	printf wrt ..plt
	mov	eax, [errno wrt ..tlsie]
	dd	v wrt ..sym, v+2 wrt ..sym
	dw	v wrt ..sym
	section	.data
local:	dd	1
v:	dd	f wrt ..sym, f
	resb	1
%endif
