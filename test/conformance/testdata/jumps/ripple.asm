; Interleaved jumps and targets at distances around the limit.
	bits 32
%assign i 0
%rep 80
	%assign k i + 18
p%[i]:	jz p%[k]
	add eax, 100 + i
	test byte [ebx + i], 1
	%assign i i+1
%endrep
%rep 20
p%[i]:	nop
	%assign i i+1
%endrep
