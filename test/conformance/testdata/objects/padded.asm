; Labels in front of what ALIGN of the package smartalign writes by DB.
section .text
%use smartalign
a: nop
align 16
b: nop
times 14 nop
c: nop
align 16
d: db 1
align 8
align 32
e: times 0 db 1
f: resb 0
g: times 0 dw 1
ret
h:
alignmode p6, 8
align 16
i: times 5 nop
j:
align 16
k: nop
alignmode p6,nojmp
l:
align 32
times 0 resb 1
m: ret
n:
section .data
db 4
align 16
o:
align 16, db 0
p:
