section .data
x: align 16, db 1
y: align 16, db 1
z: db 5
align 16, dw 7
w: alignb 8
v: alignb 16
u: align 4
t: align 32, nop
