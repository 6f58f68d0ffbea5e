; Far jumps and calls: immediate pointers and through memory.
	bits 16
start:	jmp 0xf000:0xfff0
	call 0x1000:start
	jmp word 0x1234:start
	jmp dword 0x1234:start
	jmp far [ptr]
	call far [bx + 4]
	call far [cs:ptr]
	jmp far dword [ptr]
	jmp [ptr]
	call [ptr]
	jmp word [si]
	jmp near [di]
	call ax
	jmp bx
	jmp seg_:start
	retf
	retf 4
	iret
	jmp 8:dword pm
	call dword 8:pm
	jmp dword 8:pm
seg_	equ 0x7c0
ptr	dw start, seg_
	bits 32
pm:	jmp 8:pm
	call 0x10:dword pm
	jmp word 8:0x1234
	jmp far [ptr]
	call far [eax]
	jmp far dword [ptr]
	jmp far word [ptr]
	call [eax*4 + ptr]
	jmp dword [eax]
	jmp near [ptr]
	jmp eax
	call word [eax]
	call ax
	retf
	retf 8
	iretd
	iretw
	iret
	bits 64
	jmp far [rax]
	call far dword [rel $ + 4]
	jmp far qword [rbx]
	jmp [rax]
	call [rel ptr]
	jmp qword [abs ptr]
	jmp rax
	call r12
	iretq
	retf
	o64 retf
