; A backslash at the end joins lines.
	bits 32
	mov eax, \
	    5
	db 1, 2, \
	   3, 4, \
	   5
label: \
	nop
%define LONG 1 + \
	2 + \
	3
	dd LONG
	db 'not here \' ; but the comment goes on \
	db 99
	db 1
%macro two 2
	db %1, \
	   %2
%endmacro
	two 1, \
	    2
	; a comment \
	that goes on
	db 'end'
	times 3 \
	nop
