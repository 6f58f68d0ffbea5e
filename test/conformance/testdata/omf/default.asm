main: mov ax, 1
 dw main
 global main
 global val
val equ 55
 global big
big equ 0x12345678
