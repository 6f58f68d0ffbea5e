; The context stack: structured control flow.
	bits 32
%macro if_ 1
	%push if
	j%-1 %$else
%endmacro
%macro else_ 0
	%ifctx if
		%repl else
		jmp %$end
		%$else:
	%else
		%error 'else without if'
	%endif
%endmacro
%macro end_ 0
	%ifctx if
		%$else:
		%pop
	%elifctx else
		%$end:
		%pop
	%endif
%endmacro
%macro repeat 0
	%push repeat
	%$begin:
%endmacro
%macro until 1
	j%-1 %$begin
	%pop
%endmacro
	cmp eax, 5
	if_ e
		mov ebx, 1
		cmp ecx, 6
		if_ b
			nop
		end_
	else_
		mov ebx, 2
	end_
	repeat
		dec ecx
		repeat
			dec edx
		until z
	until z
%push outer
%assign %$n 5
%define %$text 'local'
%push inner
%assign %$n 6
	db %$n, %$$n
	db %$$text
%$label:
	jmp %$label
	jmp %$$label2
%pop
%$label2:
	db %$n
%pop
