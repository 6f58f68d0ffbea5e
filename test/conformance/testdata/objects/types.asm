section .text
l1:	nop
	ret
	dd 5
l2:	nop
l3:
	db 1
l4: incbin "types.asm",0,3
l5:	times 3 dw 1
l6:	resq 2
eq1 equ 7
	dq 1
l8b: do 1.0
l9:	rest 1
extern q
 dd q
l10:
section .data
  dd 1
l11: nop
