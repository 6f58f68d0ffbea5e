; EXPORT leaves options to the linker.
global handler
global exported
extern other
export exported
export exported2
[export plain]
section .text
a_long_name_of_a_handler: ret
handler: ret
exported: ret
exported2: ret
plain: ret
section .drectve 
db "-export:foo "
section .data
dd 1
