; What Borland's debuggers learn of labels.
segment code use16
..start:
mov ax, data
lab: nop
 mov bx, lab
lab2:
 db 5
 dw 6
segment data
a: db 1
b: db 1,2,3
c: dw 5, 6
d: dd 1.0
e: dd 1.0, 2.0
f: resb 10
g: resw 1
h: times 4 dq 1
i: dt 1.0
j: dq 1
k: db 'hello', 13, 10
l: resd 4
global a
extern ext
m: dw ext
segment stack stack
resb 64
