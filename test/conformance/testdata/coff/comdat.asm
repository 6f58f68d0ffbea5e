; Sections of which the linker keeps one, by their symbols.
global foo
extern other
section .text$foo code comdat=2:foo
foo:
 nop
 call other
 ret
section .data$x data comdat=6:x align=8
x: dd 5, foo, other
section .text
 nop
section .text$y comdat=1:y
y: db 1, 2, 3, 4, 5
section .data$x comdat=6:x align=8
 dd 7
section .text$empty comdat=7:z
z:
