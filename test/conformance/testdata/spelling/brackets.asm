; Directives in brackets and without.
	[bits 32]
	[org 0x1000]
	[section .text]
	mov eax, x
	[warning -other]
	[section .data align=8]
x:	dd x
	[bits 64]
	[default rel]
	mov rax, [x]
	default abs
	mov rax, [x]
	use32
	section	.text
	mov eax, x
	[absolute 0x100]
y	resb 5
z:
	[section .text]
	mov ax, z
	[list -]
	[list +]
	float daz
	float near
	[float default]
