; hello32: for nasm -f elf and a linker.
        bits    32
        global  _start

        section .text
_start: mov     eax, 4          ; write
        mov     ebx, 1          ; to standard output
        mov     ecx, msg
        mov     edx, len
        int     0x80
        mov     eax, 1          ; exit
        xor     ebx, ebx
        int     0x80

        section .data
msg:    db      "Hi IDBS Engineering! RE", 10
len     equ     $ - msg
