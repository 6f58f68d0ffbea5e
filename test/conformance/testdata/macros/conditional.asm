; Every kind of %if.
	bits 32
%macro kind 1
	%ifnum %1
		db 'number'
	%elifstr %1
		db 'string'
	%elifid %1
		db 'identifier'
	%elifempty %1
		db 'empty'
	%else
		db 'other'
	%endif
%endmacro
	kind 5
	kind 0x1f
	kind 'text'
	kind "text"
	kind eax
	kind foo
	kind [ebx]
	kind -5
	kind 1 + 2
%macro reg 1
	%ifidn %1, eax
		db 1
	%elifidni %1, EBX
		db 2
	%elifnidn %1, ecx
		db 3
	%else
		db 4
	%endif
%endmacro
	reg eax
	reg EAX
	reg ebx
	reg ecx
	reg edx
%define yes
%ifdef yes
	db 'def'
%endif
%ifdef no
	db 'nodef'
%elifdef yes
	db 'elifdef'
%endif
%ifndef no
	db 'ndef'
%endif
%ifmacro kind 1
	db 'macro'
%endif
%ifmacro kind 2
	db 'macro 2'
%elifmacro reg
	db 'macro reg'
%endif
%ifnmacro nothing 0-*
	db 'no macro'
%endif
%iftoken eax
	db 'one token'
%endif
%iftoken eax + 1
	db 'no'
%else
	db 'more tokens'
%endif
%ifempty
	db 'empty'
%endif
%ifnempty x
	db 'not empty'
%endif
%ifnnum x
	db 'x is no number'
%endif
%ifnid 5
	db '5 is no identifier'
%endif
%ifnstr 5
	db '5 is no string'
%endif
%if 5 > 3 && !(2 > 3)
	db 'logic'
%endif
%ifn 0
	db 'ifn'
%endif
%ifctx
	db 'no'
%else
	db 'no context'
%endif
%push here
%ifctx here
	db 'context'
%endif
%pop
%ifenv TASM_TEST_NO_SUCH_VARIABLE
	db 'env'
%else
	db 'no env'
%endif
%ifidn __?OUTPUT_FORMAT?__, bin
	db 'bin'
%endif
%ifidn __OUTPUT_FORMAT__, elf32
	db 'elf32'
%endif
%if __?BITS?__ = 32
	db 'thirty-two'
%endif
	bits 64
%if __?BITS?__ == 64
	db 'sixty-four'
%endif
