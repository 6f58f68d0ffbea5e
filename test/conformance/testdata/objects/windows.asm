; Sections, symbols and relocations of Windows, in the formats that have them.
%ifidn __?OUTPUT_FORMAT?__, win32
%define windows
%elifidn __?OUTPUT_FORMAT?__, win64
%define windows
%endif
	extern	foo, unused
	global	main, gv
	section	.data
a:	dd	foo, a, main, $-a
	dd	main-$
%ifidn __?OUTPUT_FORMAT?__, win64
	dq	foo, a
	dd	foo wrt ..imagebase, a wrt ..imagebase
%endif
gv:	db	1
	section	.text
main:	call	foo
	mov	eax, [a]
	dd	foo-$
l:	jmp	main
	jmp	cm
e	equ	5
	align	64
	section	.bss
b:	resb	10
	section	.other
	db	2
%ifdef windows
	section	.rdata
	dd	b
	section	.drectve info
	db	"/export"
	section	.code code align=4
	section	.longsectionname data align=32
	db	3
longsymbolnamehere: db 3
	section	.ro rdata
	section	.zero bss
	section	.pdata
	dd	main, l, a
	section	.xdata
	dd	a
	section	.CRT$XCU
	dd	a
%endif
	common	cm 8
