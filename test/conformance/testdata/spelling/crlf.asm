; Lines that end as on other systems.
	bits 16
	org 100h
start:	mov ah, 9
	mov dx, msg
	int 21h
%macro leave_ 1
	mov ax, 4c00h + %1
	int 21h
%endmacro
	leave_ 3
	db 1, 2, \
	   3
%if 1
msg:	db 'text', 13, 10, '$'
%else
	db 'no'
%endif

last:	ret
