; %strlen, %substr, %strcat and tokens pasted together.
	bits 32
%strlen len 'hello'
	db len
%substr ch 'hello' 2
	db ch
%substr part 'hello' 2, 3
	db part
%substr rest 'hello' 2, -1
	db rest
%substr rest2 'hello world' -5, -2
	db rest2
%strcat both 'one', " two", ` three\n`
	db both
%strlen blen both
	db blen
%define s 'macro text'
%strlen slen s
	db slen
%substr s4 s 4
	db s4
%macro upper 1
	%strlen %%n %1
	%assign %%i 1
	%rep %%n
		%substr %%c %1 %%i
		%if %%c >= 'a' && %%c <= 'z'
			db %%c - 32
		%else
			db %%c
		%endif
		%assign %%i %%i + 1
	%endrep
%endmacro
	upper 'Hello, World 123'
%defstr q a + b
	db q
%deftok r 'ebx'
	mov r, eax
%define reg32(x) e %+ x
	mov reg32(ax), reg32(si)
%assign k 3
lab%[k]:	jmp lab3
lab_%[k]_x:	jmp lab_3_x
%define mk(n) lab %+ n
	dd mk(3)
%xdefine name var_ %+ k
name:	dd name, var_3
%macro decl2 2
%{1}_x%2:	dd %{1}_x%2
%endmacro
	decl2 a, 5
	dd a_x5
%strcat nothing ''
	db 'x', nothing, 'y'
%defstr num 5
	db num
%assign v 10
%defstr vs v
	db vs
%substr sub2 'abcdef' 3, 2
	db sub2, __?utf16?__(sub2)
