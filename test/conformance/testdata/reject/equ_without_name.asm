	equ 5
