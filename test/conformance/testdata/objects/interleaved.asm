; Lines that go on in another section, and structures of other files.
%macro m 0.nolist
section .data
 db 1
section .text
 nop
section .data
 db 1
section .text
 nop
%endmacro
 section .text
 nop
 m
 nop
absolute 5
a: resb 1
section .text
 nop
%include "interleaved.inc"
 nop
struc xx
.z: resb 5
endstruc
 nop
