; What goes to the format: directives, pragmas, sections, groups, alignments.
	bits	32
	[org 5]
	org	6
	section	foo  bar=3   baz
	group	g a b
	[group h c]
	uppercase
	export	x y
	[export q]
	[map all]
	%pragma	dbg maxdump 5
	%pragma	output blah q
	%pragma	foo bar
	%pragma dbg unknown word word
	[debug foo bar]
	static	st
	extern	ex, ex2:function, ex
	extern	later
	required rq
	required rs:data
	global	gl:function hidden
st:	db	1
gl:	db	"aaaaaaaaaaaaaaaaaaaa"
	mov	eax,[ex]
later:	mov	eax, foo
	segment	bar align=16
	align	32
	alignb	8
	align	4, db 5
a1	equ	5
a2	equ	$
	struc	q1
.a:	resd	1
.b:	resb	2
	endstruc
x:	istruc	q1
	at	.a, dd 4
	iend
	absolute 0x400
	align	1
ab:	resb	4
ac:	resw	2
	section	foo
	absolute gl
ad:	resb	4
	section	.foo
	common	c1 4
	common	c2 8:near
	%pragma	dbg maxdump unlimited
..@foo:	nop
.loc:	nop
..start:
_start:
.loc:	jmp	.loc
	incbin	"rooms.asm", 0, 20
	times	2 incbin "rooms.asm", 0, 2
	dq	1.5
	dw	"abc"
	db	3 dup (1,2)
	db	3 dup ("ab")
	dd	ex - $, ex+5, $-_start, seg ex, "x"
	dw	seg ex, bar, g
	dq	ex
