; An EXE for DOS with its header and a relocation.
	bits 16
HEADER	equ (header_end - header) / 16
	section .header start=0 vstart=0
header:	db 'MZ'
	dw (total % 512), (total + 511) / 512
	dw 1, HEADER, 0x10, 0xffff
	dw 0x10, 0x100
	dw 0, start, 0
	dw relocs, 0
relocs:	dw fix + 1, 0
	align 16, db 0
header_end:
	section .code follows=.header vstart=0
code:
start:
fix:	mov ax, 1
	mov ds, ax
	mov dx, text
	mov ah, 9
	int 21h
	mov ax, 4c00h
	int 21h
	align 16, db 0
code_end:
	section .strings follows=.code vstart=0
strings:
text	db 'An EXE made by hand$'
strings_end:
total	equ (header_end - header) + (code_end - code) + (strings_end - strings)
