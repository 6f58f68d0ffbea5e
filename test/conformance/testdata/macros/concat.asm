; Parameters inside names, condition codes, and braces.
	bits 32
%macro jump_unless 2
	j%-1 %%skip
	jmp %2
%%skip:
%endmacro
%macro jump_if 2
	j%+1 %2
%endmacro
%macro both 1
	mov e%1x, [%1_value]
	mov %1l, %1h
	mov e%{1}x, e%1x
%endmacro
%macro pair 2
%1%2:	dd %1%2
%endmacro
%macro pass_all 0-*
	db %{1:2}
	db %{2:-1}
	db %{-1:1}
%endmacro
%macro use_00 0
%00	db 'named'
	dd %00
%endmacro
%macro last 1-*
	db %{-1:-1}, %0
%endmacro
%macro str_ 1
	%defstr %%s %1
	db %%s
%endmacro
	jump_unless e, target
	jump_unless nz, target
	jump_if c, target
	jump_if le, target
	jump_unless ae, target
target:
	both a
	both b
a_value	dd 1
b_value	dd 2
	pair foo, bar
	dd foobar
	pass_all 1, 2, 3, 4
lbl:	use_00
other:	use_00
	last 5, 6, 7
	str_ some words here
	str_ 1 + 2
%define idx 4
	dd v%[idx]
v4:	dd 0
