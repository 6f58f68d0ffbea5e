	section .text
%use smartalign
%macro two 0
%%x: nop
%endmacro
two
align 16
two
align 16, db 1
two
alignmode k8
align 32
two
