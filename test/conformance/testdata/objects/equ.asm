; Names for addresses, external ones too.
struc pt
.x: resd 1
.y: resd 1
endstruc
section .data
p: istruc pt
 at pt.x, dd 1
 at pt.y, dd p
iend
q equ p
r equ p+4
s equ $-p
t equ pt_size
global q, r, s
dd q, r, s, t
section .text
mov eax, q
mov eax, [r]
mov eax, pt.y
extern e1
z equ e1
mov eax, z
mov eax, z+3
%assign i 0
%rep 3
lab%[i]: dd lab%[i]
%assign i i+1
%endrep
absolute 0x100
aa: resd 1
section .text
mov eax,[aa]
absolute p
bb: resd 1
bc: resd 1
section .text
mov eax,[bc]
