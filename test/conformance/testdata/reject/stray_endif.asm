	nop
%endif
