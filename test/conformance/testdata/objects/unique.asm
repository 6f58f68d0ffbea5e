	section .text
%macro inner 0
nop
%endmacro
%macro one 0
inner
inner
%%a: nop
%endmacro
%macro three 0
%%b: nop
inner
inner
%%a: nop
%endmacro
one
three
%macro four 0
inner
three
%%a: nop
%endmacro
four
three
align 16
three
sectalign 16
three
