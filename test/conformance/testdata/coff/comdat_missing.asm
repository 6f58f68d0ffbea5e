section .text$foo comdat=0:foo
foo: nop
