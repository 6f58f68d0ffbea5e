; SAFESEH lists exception handlers, in win32 alone.
global handler
global exported
extern other
safeseh handler
export exported
export exported2
[export plain]
section .text
a_long_name_of_a_handler: ret
handler: ret
exported: ret
exported2: ret
plain: ret
safeseh a_long_name_of_a_handler
section .drectve info
db "-export:foo "
section .data
dd 1
