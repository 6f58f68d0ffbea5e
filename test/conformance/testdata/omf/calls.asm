segment code use16 class=CODE align=16
global start2
extern ext, ext2:wrt dgroup

..start:
start2: mov ax, data
 mov ds, ax
 mov ax, dgroup
 mov dx, msg
 mov dx, msg wrt data
 mov bx, [ext]
 mov bx, ext2
 mov ax, seg ext
 mov ax, seg msg
 call far ext
 call ext
 jmp data:msg
 times 5 nop
 align 8
segment data public class=DATA
msg: db 'hello'
 dw msg
 dd msg
 dd ext
group dgroup data stk
segment stk stack class=STACK
 resb 64
common nearv 4:near
common farv 10:far 5
