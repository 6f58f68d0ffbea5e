; ORG is a macro only where there is an origin.
%ifmacro org
	org 0x7c00
%endif
	section .text
	dd 1
