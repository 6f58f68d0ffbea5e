; headers: the ELF headers as data, for nasm -f bin and no linker. The last eight
; bytes of the ELF header are the first eight of the program header.
        bits    32
        org     0x10000

        db      0x7f, "ELF", 1, 1, 1, 0         ; e_ident
        times 8 db 0
        dw      2, 3                            ; e_type, e_machine
        dd      1, _start, phdr - $$            ; e_version, e_entry, e_phoff
        dd      0, 0                            ; e_shoff, e_flags
        dw      52, 32                          ; e_ehsize, e_phentsize
phdr:   dw      1, 0                            ; e_phnum, e_shentsize      p_type
        dw      0, 0                            ; e_shnum, e_shstrndx       p_offset
        dd      $$, $$                          ; p_vaddr, p_paddr
        dd      size, size                      ; p_filesz, p_memsz
        dd      5, 0x1000                       ; p_flags, p_align

_start: inc     ebx                             ; registers begin as 0
        mov     al, 4
        mov     ecx, msg
        mov     dl, len
        int     0x80
        mov     al, 1
        dec     ebx
        int     0x80
msg:    db      "Hi IDBS Engineering! RE", 10
len     equ     $ - msg
size    equ     $ - $$
