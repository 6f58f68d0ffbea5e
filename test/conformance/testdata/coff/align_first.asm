 align 32
x: nop
section .text align=4
y: nop
