db 1 2
db 'it''s'
db (1, 2)
db ,1
db 1,,2
db 3 dup (1
db 3 dup
db )
db 1)
db word
resb
resb 1, 2
resb 'abc" ; unclosed
incbin
incbin file
incbin "a", 1, 2, 3
incbin "a" 5
dw __?utf16?__
