mvo eax, 1
foo bar
lbl mvo eax, 1
lbl: mvo eax, 1
5 nop
5: nop
eax: nop
byte: nop
eax
equ 5
x = 5
foo + 1
nop ; right
// comment
# comment
times 3 times 4 nop ; right
times nop
times 3 section .text
rep section .text
rep db 1 ; right
lock eax
%define
mov eax, %1
mov eax, 'abc
'abc
mov eax \ ebx
[bits 16
[foo]
[equ 5]
[]
sys write, 1
lbl [eax]
{evex nop
{foo} nop
lbl: byte
strict mov eax, 1
