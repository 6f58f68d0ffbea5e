; Jumps that cross in both directions and share their padding.
	bits 16
%assign i 0
%rep 40
q%[i]:	jmp b%[i]
	jz q0
	times i nop
	%assign i i+1
%endrep
	jmp q0
	jmp q39
%rep 40
	%assign i i-1
b%[i]:	jnz q%[i]
	jcxz $
	jmp b39
%endrep
