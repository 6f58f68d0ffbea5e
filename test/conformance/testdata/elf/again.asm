; Alignments and sizes of elements that later SECTION lines give.
section .text write
nop
section ultra
db 1
section ultra align=8
section a1 align=8
section a2
align 16
section a1 align=4
section .data align=2 align=16
section .bss follows=.text
section .rodata write align=32
section .foo exec
section .bar alloc byte
section .text align=64
section .init_array init_array
