; Comments with ' one quote, "another and `a third
	bits 32
	db ';' ; not a comment: ';'
	db "a;b;c";comment
	mov eax, 5 ; mov eax, 6
;;;; nop
	; %define x
%define five 5 ; the comment is not part of it
	db five
%if 0
	this is 'not even tokens
	nor `is this
	%macro inner 0
	%endmacro
%endif
	db 1 ; \; \\ %
%macro m 0 ; comment
	db 2 ; in a macro
%endmacro ; and here
	m ; call
