section .bss
resb 3
section .data
db 1
x: dd y
section .text
y: dd x
 ret
