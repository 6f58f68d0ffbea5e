; yes: eax is 4, write, or once a call has failed 1, exit.
%include "header.inc"
        head    0x049901b3, 0x05929014
again:  mov     bl, 1
        cdq                             ; 0, or -1 after a failure
        db      0x04                    ; add al, (entry)
        db      0x14
        nop
        xchg    eax, edx
        db      0x05, 4, 0, 0, 0        ; add eax, 4: 4 or 3
        mov     ecx, line
        and     al, 0xfd                ; 4 or 1
        push    2
        db      0xa9                    ; test eax,
        tables
        pop     edx
        int     0x80
        jmp     again
line:   db      "y", 10
