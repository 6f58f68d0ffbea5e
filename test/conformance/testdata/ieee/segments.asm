; Attributes, modes and fields of segments in IEEE-695.
section .code align=16
global _start
extern foo
common cc 8
[uppercase]
%macro m 1
 mov eax, %1
%endmacro
..start:
_start: mov eax, 5
 m 7
 jmp near .x
.x: call foo
 jz _start
 call dword foo
 mov ax, [foo]
 mov eax, [d]
 mov al, [d+3]
 mov ax, seg d
 mov ax, seg foo
 mov ax, d wrt data
 jmp far.high
 times 3 nop
five equ 5
global five
bits 32
section far
 mov eax, 5
.high: jmp _start
 call foo+5
 times 40 dd _start, far.high-4
section data use32 private what
d: db 1,2,3
 dw 'abc'
e: times 4 dd d, 3, foo+3, foo wrt data
 align 128
section com common use16 align=8 absolute
section there absolute=0x40
k: resw 4
 dw k
section .bss
x: resb 8
global y
y: times 1000 db 7
 times 1000 db 8
section far
 mov ax, [k]
