; Attributes leave nothing of a section's usual alignment.
section .text write
nop
section .data exec
db 1
section .rodata follows=.text
section .bss byte
section .x align=8
section .x align=4
section .x dword
section .y dword align=32
section .tdata tls
section .init_array write
section .fini_array
section .z init_array
