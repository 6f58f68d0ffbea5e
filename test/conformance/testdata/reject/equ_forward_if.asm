a:
%if b > 3
	nop
%endif
b	equ 5
