..start: nop
segment .text
 db 1
segment _DATA public class=DATA
..@foo: db 2
.loc: db 3
