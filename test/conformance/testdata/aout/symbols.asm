extern foo, bar
global main, gdat,gfun
common cv 20
section .text
main: mov eax, [foo]
 call bar
 mov eax, x
 jmp y2
 dd main-$, foo-$, x-$
 dw x
 db 5
gfun: nop
.end:
section .data
x: dd x, main, foo, bss1, cv, foo+5, main+3
gdat: dd 1
y: dw 5
 y2: dd gdat
k equ 77
global k
section .bss
bss1: resb 10
gb: resd 4
global gb
section .text
 ret
