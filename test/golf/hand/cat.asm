; cat: the buffer lies below the stack pointer, where nobody pushes meanwhile.
%include "header.inc"
        head    0x3c03438d, 0x3d429014
again:  lea     eax, [ebx + 3]          ; read
        db      0x3c, 0x14              ; cmp al, (entry)
        nop
        inc     edx
        db      0x3d, 4, 0, 0, 0        ; cmp eax,
        shl     edx, 16
        mov     ecx, esp
        sub     ecx, edx
        int     0x80
        db      0xa9                    ; test eax,
        tables
        test    eax, eax
        jle     end
        xchg    eax, edx
        inc     ebx
more:   lea     eax, [ebx + 3]          ; write
        int     0x80
        test    eax, eax
        js      end
        add     ecx, eax
        sub     edx, eax
        jnz     more
        dec     ebx
        jmp     again
end:    shr     eax, 31
        xchg    eax, ebx
        mov     al, 1
        int     0x80
