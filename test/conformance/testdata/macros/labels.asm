; Conditions on distances that settle over the passes.
	bits 32
start:	nop
	times 10 db 1
end:
%if end - start > 10
	db 'long'
%else
	db 'short'
%endif
size	equ end - start
%assign s size
	db s
%if size = 11
	db 'eleven'
%endif
%rep size - 8
	db 'r'
%endrep
%assign pad 64 - ($ - $$)
	times pad db 0x90
%if ($ - $$) % 64
	%error not aligned
%endif
x:	jmp y
	times 100 nop
y:
%assign d y - x
	db d
%if d > 120
	nop
%endif
%if d == 102
	db 'short jump'
%endif
%macro padto 1
	%if $ - $$ < %1
	times %1 - ($ - $$) db 0
	%endif
%endmacro
	padto 256
	padto 100
	dw $ - $$
