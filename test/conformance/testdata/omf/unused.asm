absolute 5
a: resb 1
segment x
 mov ax, [a]
 extern q
 required r
b equ q
 mov ax, b
struc st
.a resw 1
endstruc
 dw st_size
istruc st
iend
