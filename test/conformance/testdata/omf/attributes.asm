 mov ax, 5
 dw 7
segment foo use32 align=8
 mov eax, x
 dd x
 dw x
 jmp y
x: db 1
segment bar class=code overlay=ov align=64
y: dw x, y
 align 4
 dd y
 align 32
 db 1
 dw y-$, y-$$, z-$
 jmp x
 jmp short y
 call y
 call far y
segment private1 private align=2
z:
segment common1 common align=4
 resb 100
 db 5
 resw 0
 db 6
segment abs1 absolute=0x40
k: resb 4
segment bar
 mov ax, [k]
 mov ax, abs1
