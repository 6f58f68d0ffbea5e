; Every kind of symbol that a linker sees.
	extern	printf, unused
	required needed
	extern	maybe:weak
	global	main:function (main.end-main), foo, later
	global	w:weak, f:function weak hidden 5, d:data default, h:hidden
	global	five, kept:function internal, t:object protected 4
	static	st
	extern	mine
	section	.data
msg:	db	"hi",10
foo:	dd	msg, printf, main, maybe
d:	dd	d
t:	dd	5, comm1, comm2
	section	.text
main:	mov	eax, msg
	call	main
	jmp	later
.end:
w:	nop
f:	times 5 nop
h:	nop
kept:	ret
mine:	ret
st:	ret
..@odd:	ret
later:	ret
five	equ	5
here	equ	$
	common	comm1 16:8
	common	comm2 4
	absolute 0x40
place:	resw	1
	section	.bss
room:	resb	10
