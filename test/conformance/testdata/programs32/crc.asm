; CRC-32, Adler-32 and FNV over a buffer; hexadecimal output.
	bits 32
	org 0x10000
%define ROUND(n) (((n) + 3) & ~3)
section .text
start:
	call	make_table
	mov	esi, text
	mov	ecx, text_len
	call	crc32_
	call	print_hex
	mov	esi, text
	mov	ecx, text_len
	call	adler
	call	print_hex
	mov	esi, text
	mov	ecx, text_len
	call	fnv
	call	print_hex
	xor	ebx, ebx
	push	byte 1
	pop	eax
	int	0x80
make_table:
	xor	ecx, ecx
.entry:
	mov	eax, ecx
	mov	edx, 8
.bit:
	shr	eax, 1
	jnc	.zero
	xor	eax, 0xEDB88320
.zero:
	dec	edx
	jnz	.bit
	mov	[table+ecx*4], eax
	inc	cl
	jnz	.entry
	ret
crc32_:
	or	eax, -1
	jecxz	.end
.byte:
	movzx	edx, byte [esi]
	inc	esi
	xor	dl, al
	shr	eax, 8
	xor	eax, [table+edx*4]
	loop	.byte
.end:
	not	eax
	ret
adler:
	push	ebx
	mov	eax, 1
	xor	ebx, ebx
.byte:
	movzx	edx, byte [esi]
	add	eax, edx
	cmp	eax, 65521
	jb	.a
	sub	eax, 65521
.a:
	add	ebx, eax
	cmp	ebx, 65521
	jb	.b
	sub	ebx, 65521
.b:
	inc	esi
	loop	.byte
	shl	ebx, 16
	or	eax, ebx
	pop	ebx
	ret
fnv:
	mov	eax, 0x811C9DC5
.byte:
	xor	al, [esi]
	imul	eax, eax, 0x01000193
	inc	esi
	loop	.byte
	ret
print_hex:
	pusha
	mov	edi, buffer
	mov	ecx, 8
	mov	edx, eax
.digit:
	rol	edx, 4
	mov	eax, edx
	and	eax, 15
	mov	al, [hexdigits+eax]
	stosb
	loop	.digit
	mov	al, `\n`
	stosb
	mov	eax, 4
	mov	ebx, 1
	mov	ecx, buffer
	mov	edx, 9
	int	0x80
	popa
	ret
section .data
hexdigits:	db "0123456789abcdef"
text:		db "The quick brown fox jumps over the lazy dog"
text_len	equ $-text
		times ROUND(text_len) - text_len db 0
section .bss
table:	resd	256
buffer:	resb	9
