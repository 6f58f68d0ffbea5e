section 'a.b' align=4, progbits
 db 1
section "a.b" align=8,exec
 db 2
section .text align=32, exec
 nop
