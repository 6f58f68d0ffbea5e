; sleep: the nanoseconds are pushed before the seconds are known.
%include "header.inc"
        head    0x3c5e5e59, 0x3d495014
        pop     ecx
        pop     esi
        pop     esi
        db      0x3c, 0x14              ; cmp al, (entry)
        push    eax
        dec     ecx
        db      0x3d, 4, 0, 0, 0        ; cmp eax,
        dec     ecx
        jnz     usage
digit:  lodsb
        test    al, al
        jz      wait_
        nop
        db      0xa9                    ; test eax,
        tables
        sub     al, '0'
        cmp     al, 9
        ja      usage
        imul    ebx, ebx, 10
        add     ebx, eax
        jmp     digit
wait_:  push    ebx
        mov     ebx, esp
        mov     al, 162                 ; nanosleep
        int     0x80
        xchg    eax, ecx
        inc     eax
        xor     ebx, ebx
        int     0x80
usage:  mov     al, 4
        push    2
        pop     ebx
        mov     ecx, message
        mov     dl, message.len
        int     0x80
        dec     ebx
        mov     eax, ebx
        int     0x80
message:        db      "usage: sleep SECONDS", 10
.len            equ     $ - message
