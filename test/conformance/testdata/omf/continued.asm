segment x
db 1
times 700 dw x
times 700 dd y
segment y
times 1100 db 1
y1: times 200 nop
times 700 jmp y1
segment z use32
z1: times 800 call y1
times 10 dd z1
times 300 nop
