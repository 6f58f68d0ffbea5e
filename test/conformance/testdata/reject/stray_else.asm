	nop
%else
