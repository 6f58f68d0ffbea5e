; The types of labels before data, floating-point constants with signs among them.
section .rdata
A times 4 dd 1.08239220029239
B dd 1.0
C times 4 dd  -1.082392200292393968799446
D times 4 dd  1.082392200292393968799446
E dd  1.082392200292393968799446
F times 2 dd 1, 1.0
G times 0 dd 1.0
H dq 1.0
I dw 1.0
 nop
 dd 1
J dt 1.0
K do 1.0
L dd __float32__(1.0)
M dd __Infinity__
N dd 1.0
O db ""
P times 2 db ""
Q dd +1.0, 3
R dd 2 dup (-1.0)
section .text
T: rep
U: lock
 db 5
V: times 2 a32
W: times 0 rep
 ret
