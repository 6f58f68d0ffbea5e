; Single-line macros: parameters, overloads, redefinition, expansion order.
	bits 32
%define ONE 1
%define TWO ONE + ONE
%define THREE (TWO + ONE)
%define add2(x, y) ((x) + (y))
%define add2(x, y, z) ((x) + (y) + (z))
%define twice(x) add2(x, x)
%define ptr_(r, o) [r + o]
%define empty
%define none() 5
	db ONE, TWO, THREE, TWO * 2
	db add2(1, 2), add2(1, 2, 3), twice(4), twice(add2(1, 1)), none()
	mov eax, ptr_(ebx, 4)
	mov empty ecx, empty 5
%define ONE 10
	db ONE, TWO
%xdefine FROZEN ONE
%define ONE 20
	db ONE, FROZEN, TWO
%undef ONE
%define ONE 30
	db TWO
%idefine Any 7
	db any, ANY, aNy
%define self (self + 1)
%undef self
%define cat(a, b) a %+ b
	cat(mo, v) eax, cat(e, bx)
	db cat(1, 2)
%define str(x) 'x', x
	db str(5)
%define reg eax
	mov reg, [reg + reg*2]
%xdefine count 0
%rep 3
%xdefine count count + 1
	db count
%endrep
%define noparm (3)
	db noparm, noparm + 1
%define pass(x) x
	db pass({1, 2}), pass((3))
%define later defined_later
%define defined_later 42
	db later
%ifdef none
	db 'd'
%endif
%ifndef never
	db 'n'
%endif
%ixdefine Froz later
	db froz
%defstr text some words
	db text
%deftok tok 'eax'
	mov tok, 1
