; Prefixes, alone and in rows.
	bits 32
	lock
	add [ebx], eax
	rep
	movsb
	lock add [ebx], eax
	rep movsb
	repe cmpsb
	repz cmpsd
	repne scasb
	repnz scasw
	rep ret
	rep nop
	es lodsb
	fs lodsd
	gs rep movsd
	rep gs movsd
	es
	ds
	o16 nop
	o16
	a16 nop
	cs nop
	rep stosw
	rep insb
	rep outsd
	lock xchg [ebx], al
	lock cmpxchg8b [ebx]
	xacquire lock inc dword [ebx]
	xrelease lock dec dword [ebx]
	xrelease mov [ebx], eax
	bnd jmp $
	bnd ret
	lock dec byte [fs:ebx]
	times 3 rep movsb
	a16 jcxz $
	wait
	fwait
	bits 64
	o64 nop
	rep movsq
	lock cmpxchg16b [rbx]
	repne scasq
	fs mov rax, [0]
	o16 iretw
	rep stosq
	bits 16
	o32 nop
	a32 o32 movsd
	rep lodsb
	es rep movsw
	lock not byte [bx]
	o32 iret
	o32 push cs
	o32 retf
