extern foo, bar
global g1, g2, d1
extern _GLOBAL_OFFSET_TABLE_
section .text
g1: call foo wrt ..plt
 mov eax, [foo wrt ..got]
 mov eax, [ebx + g2 wrt ..got]
 mov eax, g2 wrt ..sym
 mov eax, g2+3 wrt ..sym
 lea eax, [ebx + l1 wrt ..gotoff]
.get: add ebx, _GLOBAL_OFFSET_TABLE_+$$-g1 wrt ..gotpc
g2: ret
l1: dd d1 wrt ..sym, g1 wrt ..got
section .data
dloc: dd 1
d1: dd dloc wrt ..gotoff, d1 wrt ..gotoff
 dd foo wrt ..sym
 dd foo wrt ..got
