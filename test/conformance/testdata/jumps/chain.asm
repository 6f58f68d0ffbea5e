; A chain where each jump that grows makes the one before it grow.
	bits 32
%assign i 0
%rep 60
j%[i]:	jmp l%[i]
	%assign i i+1
%endrep
%assign i 0
%rep 60
l%[i]:
	times 2 nop
	%assign i i+1
%endrep
