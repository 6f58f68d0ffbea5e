; Macros that make macros, tables, procedures and switches.
	bits 32
%macro make 2
	%macro %1 0
		db %2
	%endmacro
%endmacro
	make five, 5
	make six, 6
	five
	six
%macro table 2
%1:
	%assign %%i 0
	%rep %2
		dd %1 + %%i * 4
		%assign %%i %%i + 1
	%endrep
.end:
%endmacro
	table tab, 8
	table tab2, 3
	dd tab.end - tab, tab2.end - tab2
%macro func 1
%1:	push ebp
	mov ebp, esp
%endmacro
%macro endfunc 0
	pop ebp
	ret
%endmacro
%macro invoke 1-*
	%if %0 > 1
		%rep %0 - 1
			%rotate -1
			push %1
		%endrep
		%rotate -1
	%endif
	call %1
	%if %0 > 1
		add esp, (%0 - 1) * 4
	%endif
%endmacro
	func sum
	mov eax, [ebp + 8]
	add eax, [ebp + 12]
	endfunc
	func main
	invoke sum, 1, dword [tab]
	invoke sum, eax, 5
	invoke main
	endfunc
%macro switch 1-*
	%push switch
	%define %$reg %1
	%assign %$case 0
%endmacro
%macro case 1
	%$next%[%$case]:
	%assign %$case %$case + 1
	cmp %$reg, %1
	jne %$next%[%$case]
%endmacro
%macro endswitch 0
	%$next%[%$case]:
	%pop
%endmacro
	switch eax
	case 1
	mov ebx, 10
	case 2
	mov ebx, 20
	endswitch
