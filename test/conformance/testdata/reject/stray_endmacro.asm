	nop
%endmacro
