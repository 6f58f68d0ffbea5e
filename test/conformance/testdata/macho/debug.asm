%include "debug.inc"
	section .data
x:	dd 1
	section .text
	global _main
_main:	nop
	helper
	times 3 nop

	ret
	section __TEXT,__other code
	nop
	section .text
	nop
