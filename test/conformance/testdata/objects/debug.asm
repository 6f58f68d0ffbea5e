; Lines of macros, included files and sections for debuggers.
%include "debug.inc"
%macro two 1
	mov eax, %1
	inc eax
%endmacro
extern foo
common cc 8
global main:function (main.e-main), gv
section .data
a:	db 1
b:	dw 1,2
c:	dd foo
d:	dq 1.0
e:	dt 1.0
gv:	do 1.0
noobj: dd 5
 dd 6
v1 equ 5
section .text
main:	nop
	two 5
	call foo
	times 3 nop
.d:	dd 4
	align 16
.e:
	helper
%rep 2
	nop
%endrep
	xor eax,eax
; long gap



















































	ret
section .bss
z: resb 10
zz: resd 3
section .text2 exec
	nop
	ret
section .text
	leave
