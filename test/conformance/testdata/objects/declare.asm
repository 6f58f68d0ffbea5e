; Declarations in any order.
 call foo
 extern foo
 extern foo
 extern bar:function
 extern bar
 [section .data]
 [global x]
x: dd bar
 [SECTION .text]
 align 8
 nop
 align 32, db 0
section .bss
 alignb 64
y: resb 3
section .data align=2
 align 1
section .rodata align=32
 sectalign 128
 align 4
section .text
 dd y, x
