; Lines of a macro with .nolist are those of its call.
%macro m 0.nolist
 nop
 nop
%endmacro
%macro n 0
 m
 ret
 %rep 2 
  inc eax
 %endrep
%endmacro
struc s
.a: resd 1
.b: resd 1
endstruc
section .text
 m
 n
 m
 ret
