; Strings fill whole items and are padded with zeros.
	bits 32
	db 'hello', 0, "world", 13, 10
	dw 'a', 'ab', 'abc', 'hello'
	dd 'a', 'abcd', 'abcde', 'hello world'
	dq 'a', 'eight888', 'nine99999'
	dt 'ten bytes.', 'eleven byte', 'x'
	do 'sixteen bytes...', 'y'
	dy 'thirty-two', 'z'
	dz 'sixty-four'
	db `tab\there\nnext\0`, `\xff\xfe`
	db "mixed 'quotes' inside", 'and "these"', `and both '"`
	db 'long string that goes past sixty-four characters, just to see that it is all there, every byte of it'
	dw __?utf16?__('text'), __utf16le__('le'), __?utf16be?__('be')
	dd __?utf32?__('text'), __?utf32be?__(`\u20ac`), __utf32le__('x')
	dw __?utf16?__(`\U0001F600\u00e9`), __?utf16?__('grün')
	db 'grün', `€`
	db '', 1, ''
	db ('a'), ('ab' + 0) & 0xff
	dw ('ab')
