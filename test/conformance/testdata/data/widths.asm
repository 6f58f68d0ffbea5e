; Every width of data, and addresses in them.
	org 0x1000
	bits 32
	db 1, 0xff, -1, -128, 255
	dw 1, 0xffff, -1, -32768
	dd 1, 0xffffffff, -1, label, label + 4, -label + 2 * label
	dq 1, -1, label, 0x123456789abcdef0, label - $$
	dw label, label + 1, $ - label
	db label - $$, 'x', $ - $$
label:	dw 65536 - 1, 256, -256
	db 256 - 1
	dt 1.5
	do 1.0
	DB 1
	Dw 2
	db (label - $$) & 0xff, label - label, (label - $$) >> 2
	dd 3-1, label+1, -1
	dd 'a',1,"b",2,`c`,3
	db 1,2,3,4 , 5 ,6
