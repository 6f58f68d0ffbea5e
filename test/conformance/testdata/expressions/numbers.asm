; All notations of numbers.
	bits 32
	dd 200, 0200, 0200d, 0d200, 0t200, 200t, 1_000_000
	dd 0c8h, $0c8, 0xc8, 0hc8, 0Xc8, 0C8H, $0C_8, 0xdead_beef, 0ffh
	dd 310q, 310o, 0o310, 0q310, 0O17, 17Q
	dd 11001000b, 1100_1000b, 1100_1000y, 0b1100_1000, 0y1100_1000, 0B11, 11Y
	dd 0, 00, 0x0, 0h, 0b, 1h, 0bh, 0b1h, 0d1h
	dd 0xffffffff, 4294967295, -2147483648, 0x7fffffff
	dq 0xffffffffffffffff, 18446744073709551615, -9223372036854775808
	dq 0x8000000000000000, 0777777777777777777777q
	mov eax, 0ffffh
	mov al, 1010b
	mov cx, $0ffff
	add ebx, 0q17
	db $0f, $1, 0x_f_f, 1__0
