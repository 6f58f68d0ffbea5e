; The kernel of a threaded Forth: words made by macros, linked in a list.
	bits 32
	org 0x08048000
%define link_ 0
%define F_IMMED 0x80
%macro header 3-4 0
	align 4, db 0
name_%2:
	dd link_
%define link_ name_%2
	%strlen %%len %1
	db %%len + %4, %1
	align 4, db 0
%2:	dd %3
%endmacro
%macro code 2-3 0
	header %1, %2, code_%2, %3
code_%2:
%endmacro
%macro word_ 2-3 0
	header %1, %2, docol, %3
%endmacro
%macro variable 2-3 0
	code %1, %2
	push dword var_%2
	next
	[section .data]
var_%2:	dd %3
	__?SECT?__
%endmacro
%macro next 0
	lodsd
	jmp [eax]
%endmacro
%macro pushr 1
	lea ebp, [ebp - 4]
	mov [ebp], %1
%endmacro
%macro popr 1
	mov %1, [ebp]
	lea ebp, [ebp + 4]
%endmacro
	section .text
docol:	pushr esi
	add eax, 4
	mov esi, eax
	next
_start:	cld
	mov [var_s0], esp
	mov ebp, return_stack
	mov esi, cold
	next
cold:	dd main
	code 'drop', drop
	pop eax
	next
	code 'swap', swap
	pop eax
	pop ebx
	push eax
	push ebx
	next
	code 'dup', dup_
	mov eax, [esp]
	push eax
	next
	code 'over', over
	mov eax, [esp + 4]
	push eax
	next
	code '+', plus
	pop eax
	add [esp], eax
	next
	code '-', minus
	pop eax
	sub [esp], eax
	next
	code '*', times_
	pop eax
	pop ebx
	imul eax, ebx
	push eax
	next
	code '/mod', divmod
	xor edx, edx
	pop ebx
	pop eax
	idiv ebx
	push edx
	push eax
	next
%macro comparison 3
	code %1, %2
	pop eax
	pop ebx
	cmp ebx, eax
	set%3 al
	movzx eax, al
	push eax
	next
%endmacro
	comparison '=', equal, e
	comparison '<>', unequal, ne
	comparison '<', less, l
	comparison '>', greater, g
	code 'exit', exit
	popr esi
	next
	code 'lit', lit
	lodsd
	push eax
	next
	code '!', store
	pop ebx
	pop eax
	mov [ebx], eax
	next
	code '@', fetch
	pop ebx
	mov eax, [ebx]
	push eax
	next
	code 'branch', branch
	add esi, [esi]
	next
	code '0branch', zbranch
	pop eax
	test eax, eax
	jz code_branch
	lodsd
	next
	code 'emit', emit
	pop eax
	call putchar
	next
putchar:
	mov [scratch], al
	mov eax, 4
	mov ebx, 1
	mov ecx, scratch
	mov edx, ebx
	int 0x80
	ret
	code 'bye', bye
	mov eax, 1
	xor ebx, ebx
	int 0x80
	variable 'state', state
	variable 'base', base, 10
	variable 's0', s0
	variable 'latest', latest, name_main
	word_ 'square', square
	dd dup_, times_, exit
	word_ 'negate', negate
	dd lit, 0, swap, minus, exit
	word_ ';', semicolon, F_IMMED
	dd lit, 0, state, store, exit
	word_ '.', dot
	dd base, fetch, divmod
	dd dup_, zbranch, .last - $
	dd dot, branch, .digit - $
.last:	dd drop
.digit:	dd lit, '0', plus, emit, exit
	word_ 'main', main
	dd lit, 12, square, dot, lit, 10, emit
.loop:	dd lit, 3, dup_, zbranch, .end - $, drop, branch, .end - $
.end:	dd bye
	section .bss
	resd 256
return_stack:
scratch: resb 4
