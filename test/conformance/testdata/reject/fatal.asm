	nop
%fatal stop here
