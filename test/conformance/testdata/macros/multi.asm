; Multi-line macros: counts, ranges, defaults, greedy parameters, overloads.
	bits 32
%macro save 1-*
	%rep %0
	push %1
	%rotate 1
	%endrep
%endmacro
%macro restore 1-*
	%rep %0
	%rotate -1
	pop %1
	%endrep
%endmacro
%macro say 1+
	db %1, 0
%endmacro
%macro fill 1-3 0, 4
	db %1, %2, %3, %0
%endmacro
%macro fill 4
	dw %1, %2, %3, %4
%endmacro
%macro optional 0-2 'x', 'y'
	db %1, %2, %0
%endmacro
%macro greedy 1-2+ 9
	db %1
	dw %2
%endmacro
%macro nolist 2.nolist
	db %2, %1
%endmacro
%macro loop_ 1
%%again:
	dec %1
	jnz %%again
	jz %%done
	nop
%%done:
%endmacro
%macro labeled 1
%1:	mov eax, %1
.inner:	jmp .inner
%endmacro
%macro outer 1
	inner %1, %1 + 1
	loop_ ecx
%endmacro
%macro inner 2
	db %1, %2
%%x:	dd %%x
%endmacro
%macro zero 0
	xor eax, eax
%endmacro
%macro mov 2
	%ifidni %1, ds
	push %2
	pop %1
	%else
	__?mov?__ %1, %2
	%endif
%endmacro
%unmacro mov 2
%imacro AnyCase 1
	db %1
%endmacro
%macro many 1-*
	%assign total 0
	%rep %0
		%assign total total + %1
		%rotate 1
	%endrep
	dw total, %0
%endmacro
%macro tail 2+
	db %1
	say %2
%endmacro
	save eax, ebx, ecx
	restore eax, ebx, ecx
	say 'hello, world', 13, 10
	fill 1
	fill 1, 2
	fill 1, 2, 3
	fill 1, 2, 3, 4
	optional
	optional 1
	optional 1, 2
	greedy 1
	greedy 1, 2
	greedy 1, 2, 3, 4
	nolist 1, 2
	loop_ ecx
	loop_ edx
	labeled first
	labeled second
	outer 5
	zero
	anycase 3
	ANYCASE 4
	many 1, 2, 3, 4, 5
	tail 1, 'a', 'b', 2
	fill {1, 2}, 3
lab:	zero
	say "a, b"
	mov ds, ax
	many 7
here	zero
