db 1, 2, 'abc', "it's", `\x41\n\u263a`
db 'a'+1, ('ab'), 'x',
dw 'ab', $-$$
dd 1.5, -1.5, +1e10, 0x1.8p3, __?Infinity?__, -__?NaN?__, __SNaN__
dq 0xFFFF_FFFF_FFFF_FFFF, label+8
dt 1.5, 123p
do 1.5
dy 0
dz 0
db ?
dw ?, 5
db 3 dup (1)
db 3 dup (1, 2 dup (4), ?)
db 2 dup 5
db 2 dup 3 dup (1)
dw byte (?, 44)
dw 7 dup dword (?, word ?, ?)
db %('a', 1)
db word 5
dw __?utf16?__('abc'), __utf32__ 'a'
dd __?float32?__(1.5), __?ilog2e?__ 8 + 8
db
resb 64
resw 1
resd count+1
resq 2
rest 3
reso 4
resy 5
resz 6
buffer resb 10
incbin "file"
incbin "file", 5
incbin 'file',5,10
