; Repetition inside a statement.
	bits 32
n	equ 3
	db 4 dup (1), 2 dup (1, 2, 3)
	db n dup ('ab', 0), 2 dup (n dup (7), 8)
	dw 2 dup (1), 3 dup ('abc')
	dd n * 2 dup (n, -n)
	db 2 dup (2 dup (2 dup (1), 2), 3), 4
	dw 5, 2 dup (x, $), 6
	db 3 dup (?), 1
	db 0 dup (9), 1
	dd 2 dup (1.5, 'four')
	db 5 dup 0xcc
	dq 2 dup (x - $$)
x:
	db byte 1, word 2, dword 3, qword 4
	dw byte 2 dup (1), 2 dup (dword 5, byte 6)
