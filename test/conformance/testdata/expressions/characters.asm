; Character constants are numbers, least significant byte first.
	bits 32
	mov al, 'a'
	mov ax, 'ab'
	mov eax, 'abcd'
	mov eax, 'abc'
	mov eax, "it's"
	mov eax, `\n\t\0x`
	cmp al, '0'
	cmp eax, 'RIFF'
	add al, 'a' - 'A'
	push 'xyz'
	push byte 'z'
	dd 'a' + 1, 'ab' * 2, 0 - 'a', 'abcd' ^ 0x20202020
	dw 'a', 'ab', 'abc', 'abcd', 'abcde'
	dd '', 'a'
	dq 'eightch', 'exactly8', 'nine char'
	db '', 'x', "", ``, 'y'
	db ';', "'", '"', '`', `\``, `\'`, `\"`, `\\`
	db `\a\b\t\n\v\f\r\e`, `\x41\x7e\101\60\0`, `\u00e9\u20ac\U0001F600`
	db 'no \n escape', "nor \t here"
	db 'a' > 'A', 'ab' == 'ab', 'a' == 0x61
	times 'c' - 'a' db 'r'
