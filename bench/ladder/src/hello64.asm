; hello64: for nasm -f elf64 and a linker.
        bits    64
        global  _start

        section .text
_start: mov     rax, 1          ; write
        mov     rdi, 1          ; to standard output
        mov     rsi, msg
        mov     rdx, len
        syscall
        mov     rax, 60         ; exit
        mov     rdi, 0
        syscall

        section .data
msg:    db      "Hi IDBS Engineering! RE", 10
len     equ     $ - msg
