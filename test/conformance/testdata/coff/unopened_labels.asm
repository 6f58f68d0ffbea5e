bits 16
 align 32
first: nop
 align 8
second: jmp near $
 dd 5, second
