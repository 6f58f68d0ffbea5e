section code
..start:
 mov ax, d
;
 dd d wrt data
 dw seg e
 dw seg d
 call far e
 call bar:e
 dw bar
 dq e

section bar
nop
section data
d: dd 5
e: dd 6
