; Many labels, most of them unused, some made by a macro.
	bits 32
%assign i 0
%rep 300
l%[i]:	dd l %+ i
%assign i i+1
%endrep
	dd l0, l150, l299
	mov eax, [l7]
	jmp l299
