; The headers of a PE executable as structures.
	bits 32
struc dos
.magic	resw 1
	resb 58
.lfanew	resd 1
endstruc
struc coff
.machine resw 1
.sections resw 1
.time	resd 1
.symbols resd 1
.count	resd 1
.optional resw 1
.flags	resw 1
endstruc
BASE	equ 0x400000
%define RVA(x) ((x) - BASE)
%define ALIGN(x, n) (((x) + (n) - 1) & ~((n) - 1))
	org BASE
	istruc dos
	at dos.magic, db 'MZ'
	at dos.lfanew, dd pe - $$
	iend
pe:	db 'PE', 0, 0
	istruc coff
	at coff.machine, dw 0x14c
	at coff.sections, dw 1
	at coff.optional, dw optional_size
	at coff.flags, dw 0x103
	iend
optional:
	dw 0x10b
	db 8, 0
	dd ALIGN(code_size, 0x200), 0, 0
	dd RVA(entry), RVA(code), 0
	dd BASE, 0x1000, 0x200
	dw 4, 0, 0, 0, 4, 0
	dd 0
	dd ALIGN(end - $$, 0x1000), ALIGN(headers_end - $$, 0x200)
	dd 0
	dw 3, 0
	dd 0x100000, 0x1000, 0x100000, 0x1000, 0, 16
	times 16 dd 0, 0
optional_size equ $ - optional
	db '.text', 0, 0, 0
	dd code_size, RVA(code), ALIGN(code_size, 0x200), code - $$
	times 12 db 0
	dd 0x60000020
headers_end:
	align 512, db 0
code:
entry:	push 5
	pop eax
	ret
code_size equ $ - code
	align 512, db 0
end:
