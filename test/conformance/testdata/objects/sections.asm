; Attributes of sections.
	nop			; goes into a .text that no line opens
	section	.data
	db	1
	align	32
	section	.note.GNU-stack noalloc noexec nowrite progbits
	section	.notes note
	dd	4, 0, 1
	db	"abc",0
	section	.before preinit_array
	section	.init_array
	dd	1
	section	.preinit_array
	section	.fini_array
	section	.note
	section	.rodata.str1.1 merge strings byte
	db	"abc",0
	section	.strings strings
	section	.triples merge dword*3
	section	.pointers merge pointer align=32
	section	.tls tls
	section	.tbss
	resd	1
	section	.tdata
	dd	1
	section	.text.startup exec nowrite
	ret
	section	.lbss
	resb	5
	section	.foo noalloc write align=8
	section	.data
	db	2
	section	.eh_frame
