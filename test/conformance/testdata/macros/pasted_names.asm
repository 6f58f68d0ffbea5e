; Names of multi-line macros in parts, and what is expanded when they are defined.
%macro family 2-*
%push family
%xdefine %$prefix %1
%rep %0 - 1
%macro %$prefix%2 1-2 %$prefix, %2
	db "%1", "%2"
%endmacro
%rotate 1
%endrep
%pop
%endmacro
	family fmadd, pd, ps
	fmaddpd x
	fmaddps x, y
%define least 1
%define given 5
%macro defaults least-2 given
	db %1, %2
%endmacro
%define given 6
	defaults 1
