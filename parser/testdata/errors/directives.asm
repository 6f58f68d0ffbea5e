bits ; right
bits 16 32
use16 5
section ; right
section 5 ; right
section .text align= ; right
section .text foo=1 + ; right
global ; right
global a b
global 5
extern a, , b
common a
org ; right
default ; right
default [rel]
align ; right
align 16, section
align 16, foo
align 16, db 0 0
alignb 4, resb
target linux/
target linux/386, linux
target linux/386 ; right
entry
entry 5
entry a b
image
image tag
image tagg "a"
image colour "red"
image tag hello
sys
sys 5
sys write 1
sys write, ]
