	subsections_via_symbols
	global f, h, last
f:	call here
	jmp here
.l:	jmp .l
here:	ret
.k:	jmp here
	dd $-here
h:	jmp near here
	jmp near .k
	call h
	call f
	dd $-$$
.k:	nop
	align 16
last:	jmp near h.k
