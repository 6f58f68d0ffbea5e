; 16, 32 and 64-bit code in one file, with prefixes that cross over.
	bits 16
	mov eax, 1
	mov ax, 1
	mov eax, [ebx]
	mov ax, [ebx + ecx*2]
	mov al, [edi + 0x12345]
	mov eax, [bx + si]
	a32 mov eax, [ebx]
	o32 ret
	a32 rep movsb
	o32 pushf
	push dword 5
	push 5
	push word 5
	o32 lgdt [gdt]
	lgdt [gdt]
	lea eax, [ebx + 4]
	lea ax, [ebx]
	lea eax, [bx]
	xchg eax, ecx
	call dword sub32
	rep movsd
	cwde
	use32
sub32:	mov eax, 1
	mov ax, 1
	mov al, [bx + si]
	mov ax, [bp + 4]
	mov eax, [di]
	a16 loop $
	o16 ret
	a16 rep stosd
	o16 push 5
	push word 5
	push word 500
	pushfw
	popaw
	lea ax, [bx + 1]
	lea eax, [bp]
	o16 lgdt [gdt]
	movzx eax, word [bx]
	cbw
	[bits 64]
	mov eax, 1
	mov rax, 1
	mov ax, [ebx]
	mov eax, [ebx + ecx*4]
	mov rax, [r8d]
	a32 rep movsq
	a32 loop $
	o16 push 5
	push word 5
	push ax
	push fs
	o64 ret
	o64 sysret
	cdqe
	lea eax, [ebx]
	lea rax, [ebx + 1]
	use16
gdt:	dw 0
	dd gdt
	bits 32
	mov eax, gdt
	[bits 16]
	mov ax, gdt
