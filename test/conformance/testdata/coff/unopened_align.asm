 nop
 align 8
x: nop
 align 32
y: nop
global y
extern z
