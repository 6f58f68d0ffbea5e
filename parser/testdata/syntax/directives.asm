section .text
SECTION .data align=16
section .text progbits alloc exec nowrite align=4*4
segment code vstart=0x7c00 follows=.text vfollows=.data start=512
section ".odd name" nobits
global _start
global a, b:function, c:data hidden 4, d:function (d.end - d)
extern printf, puts:weak
static helper
required other
common buffer 64
common buffer 64:16
bits 16
BITS 32
use64
org 0x7c00
absolute 0x500
default rel
default abs
cpu 386
cpu x64 , sse
float daz
align 16
align 16, db 0
align 4, nop
alignb 8
alignb 8, resb 1
align 8,
sectalign 16
sectalign off
[bits 16]
[BITS 64]
[section .bss nobits]
[global x]
[org 100h]
[list -]
[warning +all]
here: bits 32
