; two: two messages. The second lies behind the first.
%include "header.inc"
        head    0x04900eb2, 0x25439014
        mov     dl, first.len
        nop
        db      0x04, 0x14              ; add al, (entry)
        nop
        inc     ebx
        db      0x25, 4, 0, 0, 0        ; and eax, 4
        mov     ecx, first
        int     0x80
        add     ecx, edx
        db      0xa9                    ; test eax,
        tables
        lea     eax, [ebx + 3]
        mov     dl, second.len
        int     0x80
        mov     eax, ebx
        dec     ebx
        int     0x80
first:  db      "Hello, world!", 10
.len    equ     $ - first
second: db      "Goodbye.", 10
.len    equ     $ - second
