	section .text align=16
	section .data align=4
	section .data align=2
	section __TEXT,__own align=8 code
	nop
	section __DATA,__const
	section .rodata
	dd 5
	section __DATA,__zeros zerofill
	resb 3
	section __TEXT,__mixed mixed no_dead_strip
	ret
	section __TEXT,__mixed live_support
	section __TEXT,__static strip_static_syms
	db 1, 2, 3
	section __DWARF,__note debug
	db 7
	section .bss
	resd 5
	align 32
	resd 1
	section .data
	sectalign 64
	db 1
