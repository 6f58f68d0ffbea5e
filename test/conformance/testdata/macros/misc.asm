; Line macros, arguments, procedures of nasm's standard set.
	bits 32
	dd __?LINE?__, __LINE__
%line 100+1
	dd __?LINE?__
	db __?FILE?__
	dw __?NASM_MAJOR?__ > 1
	db __?BITS?__
%push proc
%stacksize flat
%assign %$localsize 0
%arg first:dword, second:word, third:byte
%local a:dword, b:word
	push ebp
	mov ebp, esp
	sub esp, %$localsize
	mov eax, [first]
	mov cx, [second]
	mov dl, [third]
	mov [a], eax
	mov [b], cx
	leave
	ret
%pop
%push
%stacksize flat64
%arg x:qword
	bits 64
	mov rax, [x]
	bits 32
%pop
%warning just words
%use altreg
	bits 64
	mov r0l, r1l
	mov eax, r2d
%pragma ignored something
	db 1
