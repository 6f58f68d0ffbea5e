; Data of more than 64 bytes, values of all widths, fields of 16 and 32 bits.
..start: nop
section .data
times 63 db 1
x: times 300 db 2
 dw x, y, z, e+5, e+300, e+70000
 dd x, y, e
section .bss
y: resb 70000
z: resb 1
extern e
section .text
 call x
 call e
 mov ax, [z]
absolute 5
k: resb 1
n equ 300
global n, m
m equ -1

