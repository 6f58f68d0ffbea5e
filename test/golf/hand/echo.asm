; echo: behind each argument a space, or a newline behind the last.
%include "header.inc"
        head    0x3c595858, 0x3d439014
        pop     eax
        pop     eax
        pop     ecx
        db      0x3c, 0x14              ; cmp al, (entry)
        nop
        inc     ebx
        db      0x3d, 4, 0, 0, 0        ; cmp eax,
        jecxz   separator
argument:
        or      edx, -1
measure:
        inc     edx
        cmp     [ecx + edx], bh
        db      0xbd                    ; mov ebp,
        tables
        jne     measure
        lea     eax, [ebx + 3]
        int     0x80
        pop     esi
separator:
        mov     ecx, space
        cmp     esi, 1                  ; CF: there is no next one
        adc     ecx, edi
        lea     eax, [ebx + 3]
        mov     edx, ebx
        int     0x80
        lea     ecx, [esi + 1]
        loop    argument
        xchg    eax, edx
        dec     ebx
        int     0x80
space:  db      " ", 10
