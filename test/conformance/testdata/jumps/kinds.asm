; Every kind of jump, in each mode.
%macro jumps 0
%%here:
	jmp %%here
	jmp short %%here
	jmp near %%here
	jmp strict short %%here
	jmp strict near %%here
	call %%here
	call near %%here
	jo %%there
	jno %%there
	jb %%there
	jc %%there
	jnae short %%there
	jae near %%there
	jnb %%there
	jnc %%there
	je %%there
	jz %%there
	jne %%there
	jnz strict near %%there
	jbe %%there
	jna %%there
	ja %%there
	jnbe %%there
	js %%there
	jns %%there
	jp %%there
	jpe %%there
	jnp %%there
	jpo %%there
	jl %%there
	jnge %%there
	jge %%there
	jnl %%there
	jle %%there
	jng %%there
	jg %%there
	jnle %%there
	loop %%there
	loope %%there
	loopz %%there
	loopne %%there
	loopnz %%there
	jmp %%far
	jz %%far
%%there:
	times 300 nop
%%far:	jmp %%here
	jg %%here
%endmacro
	bits 16
	jumps
	jcxz $
	jecxz $
	loop $, cx
	loop $, ecx
	jmp word 10
	jmp dword 10
	call dword 10
	bits 32
	jumps
	jcxz $
	jecxz $
	loop $, cx
	loop $, ecx
	jmp dword 10
	jmp word $
	call word $
	bits 64
	jumps
	jecxz $
	jrcxz $
	loop $, ecx
	loop $, rcx
