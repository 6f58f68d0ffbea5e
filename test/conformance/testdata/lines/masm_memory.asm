; PTR of %use masm is memory, with brackets or without.
%use masm
        bits    32
        mov     eax, dword ptr foo
        mov     dword ptr foo, 5
        inc     byte ptr foo
        movzx   eax, byte ptr foo + 2
        jmp     dword ptr foo
        jmp     near ptr foo
        call    far ptr foo
        push    dword ptr 5
        mov     eax, dword ptr es:foo
        mov     eax, dword ptr foo + 4[ebx]
        call    dword ptr foo[eax*4]
        mov     eax, ptr foo
        mov     eax, offset foo
foo:    dd      1
