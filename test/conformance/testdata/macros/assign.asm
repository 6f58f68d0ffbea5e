; %assign, %rep, %if and what they make together.
	bits 32
%assign i 0
%rep 10
	db i, i * i
	%assign i i + 1
%endrep
%assign a 1
%assign b 1
%rep 15
	dw a
	%assign t a + b
	%assign a b
	%assign b t
%endrep
%assign n 0
%rep 100
	%if n > 20
		%exitrep
	%endif
	db n
	%assign n n + 7
%endrep
%assign y 0
%rep 3
	%assign x 0
	%rep 4
		db y * 4 + x
		%assign x x + 1
	%endrep
	%assign y y + 1
%endrep
%if i = 10
	db 'ten'
%elif i = 11
	db 'eleven'
%else
	db 'other'
%endif
%if i < 5 || (n > 10 && y == 3)
	db 'both'
%endif
%if 0
	db 'never'
%if 1
	db 'never'
%else
	db 'never'
%endif
%elif 1
	db 'elif'
%else
	db 'never'
%endif
%assign bits_ 0
%assign v 0x1234
%rep 16
	%assign bits_ bits_ + (v & 1)
	%assign v v >> 1
%endrep
	db bits_
; a table of squares modulo something
%assign k 0
%rep 256
	db (k * k) % 251
	%assign k k+1
%endrep
; CRC-32 table
%assign c 0
%rep 256
	%assign r c
	%rep 8
		%if r & 1
			%assign r (r >> 1) ^ 0xedb88320
		%else
			%assign r r >> 1
		%endif
	%endrep
	dd r
	%assign c c+1
%endrep
%rep 0
	db 'never'
%endrep
%iassign Kase 5
	db KASE
