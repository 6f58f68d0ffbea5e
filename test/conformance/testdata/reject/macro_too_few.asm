%macro m 2
	db %1, %2
%endmacro
	m 1
