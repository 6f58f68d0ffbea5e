; From real mode through protected mode into long mode.
	org 0x7c00
	bits 16
CODE32	equ gdt.code32 - gdt
CODE64	equ gdt.code64 - gdt
DATA	equ gdt.data - gdt
start:	cli
	lgdt [gdtr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp CODE32:protected
	bits 32
protected:
	mov ax, DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, 0x90000
	mov edi, 0x1000
	mov cr3, edi
	xor eax, eax
	mov ecx, 4096
	rep stosd
	mov edi, cr3
	mov dword [edi], 0x2003
	add edi, 0x1000
	mov dword [edi], 0x3003
	mov ebx, 3
	mov ecx, 512
.page:	mov [edi], ebx
	add ebx, 0x1000
	add edi, 8
	loop .page
	mov eax, cr4
	or eax, 1 << 5
	mov cr4, eax
	mov ecx, 0xc0000080
	rdmsr
	or eax, 1 << 8
	wrmsr
	mov eax, cr0
	or eax, 1 << 31
	mov cr0, eax
	jmp CODE64:long_
	bits 64
long_:	mov rsp, 0x90000
	mov rax, 0x2f592f412f4b2f4f
	mov [0xb8000], rax
	mov rbx, cr8
	mov dr7, rax
	mov al, [qword 0x123456789abc]
	mov [qword 0xfee00000], eax
	hlt
	jmp long_
	align 8
gdt:	dq 0
.code32: dw 0xffff, 0
	db 0, 10011010b, 11001111b, 0
.code64: dq (1 << 43) | (1 << 44) | (1 << 47) | (1 << 53)
.data:	dw 0xffff, 0
	db 0, 10010010b, 11001111b, 0
gdtr:	dw $ - gdt - 1
	dd gdt
	times 510 - ($ - $$) db 0
	dw 0xaa55
