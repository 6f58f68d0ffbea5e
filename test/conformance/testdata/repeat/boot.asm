; The classic boot sector: padded to 510 bytes and signed.
	org 0x7c00
	bits 16
	jmp short start
	nop
start:	cli
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	sti
	mov si, msg
.next:	lodsb
	test al, al
	jz .halt
	mov ah, 0x0e
	mov bx, 7
	int 0x10
	jmp .next
.halt:	hlt
	jmp .halt
msg	db 'Booting...', 13, 10, 0
	times 510-($-$$) db 0
	dw 0xaa55
