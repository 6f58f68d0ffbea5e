; A tree of included files.
	bits 32
%include 'common.inc'
start:	mov eax, ANSWER
	emit 1, 2, 3
%include "sub/leaf.inc"
%include "sub/leaf.inc"
	call leaf_2
%include 'data.inc'
	dd from_data, start
%define NAME 'data2.inc'
%include NAME
%include 'guarded.inc'
%include 'guarded.inc'
	db guarded_value
%pathsearch found 'sub/leaf.inc'
	db found
%depend 'sub/leaf.inc'
