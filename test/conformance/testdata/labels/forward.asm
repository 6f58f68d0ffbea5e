; Forward references in immediates and displacements: what is known late must
; not change what is small, and the sizes settle.
	bits 32
	mov eax, [ebx + small]
	mov eax, [ebx + large]
	add eax, small
	add eax, large
	push small
	push large
	imul eax, ebx, small
	imul eax, ebx, large
	mov [esp + small], al
	cmp dword [ecx*4 + small], small
	cmp dword [ecx*4 + large], large
	lea edx, [edx + ecx*8 + later - first]
	sub edx, later - first
	push later - first
	push strict dword small
	add ebx, strict dword small
	add ebx, byte small
	mov eax, [dword ebx + small]
	mov eax, [byte ebx + small]
first:	nop
later:
small	equ 12
large	equ 1200
	bits 16
	mov ax, [bx + small]
	mov ax, [bx + si + large]
	add cx, small2
	add cx, large2
	push small2
	bits 64
	mov rax, small2
	mov rax, huge
	add rax, small2
	mov rbx, [rsp + r12*2 + small2]
	push small2
small2	equ -5
large2	equ 0x1000
huge	equ 0x1234567812345678
