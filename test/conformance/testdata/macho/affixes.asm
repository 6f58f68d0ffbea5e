%pragma macho gprefix _
%pragma output gprefix not
%pragma output lsuffix _local
	global f
	extern e
f:	call e
	call near x
	ret
	section .data
x:	dd 1
