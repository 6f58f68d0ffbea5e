; One of each integer instruction of ordinary programs.
%macro ordinary 0
	aad
	aam
	aaa
	aas
	daa
	das
	into
	pusha
	popa
	pushad
	popad
	les bx, [bx]
	lds eax, [ebx]
	bound eax, [ebx]
	arpl [bx], ax
	salc
	push es
	pop ds
	push cs
	pop ss
%endmacro
%macro common_ 0
	adc al, 1
	sbb [eax], cl
	and ax, [eax]
	or ecx, 0x1000
	xor edx, edx
	cmp dword [eax], 5
	test cx, dx
	not al
	neg word [eax]
	mul ecx
	imul dl
	imul cx, dx
	imul ecx, [eax], 10
	div dword [eax]
	idiv bl
	rol al, 1
	ror ax, 4
	rcl eax, cl
	rcr byte [eax], 1
	shl dx, 2
	sal dx, 2
	shr edx, 31
	sar byte [eax], cl
	shld eax, ebx, 4
	shrd [eax], bx, cl
	bt eax, 4
	bts [eax], ebx
	btr word [eax], 3
	btc ax, bx
	bsf eax, [ebx]
	bsr ax, cx
	bswap edx
	cmpxchg [eax], bl
	xadd [eax], ecx
	cmovz eax, ebx
	cmovnle cx, [eax]
	setc al
	setnbe byte [eax]
	movzx eax, bl
	movzx ax, byte [eax]
	movsx ecx, word [eax]
	lahf
	sahf
	pushf
	popf
	cbw
	cwde
	cwd
	cdq
	clc
	stc
	cmc
	cld
	std
	cli
	sti
	xlatb
	xlat
	movsb
	movsw
	movsd
	cmpsb
	lodsw
	scasd
	stosb
	insb
	outsw
	in al, 0x60
	in ax, dx
	in eax, 0x80
	out dx, al
	out 0x80, eax
	int 0x80
	int3
	int1
	hlt
	nop
	nop dword [eax]
	leave
	enter 16, 0
	ret
	ret 8
	cpuid
	rdtsc
	rdtscp
	rdmsr
	wrmsr
	rdpmc
	ud2
	invlpg [eax]
	wbinvd
	invd
	clts
	sgdt [eax]
	sidt [eax]
	lidt [eax]
	lldt ax
	sldt cx
	str dx
	ltr [eax]
	lmsw ax
	smsw cx
	verr ax
	verw [eax]
	lar eax, cx
	lsl eax, ecx
	mov cr0, REG
	mov REG, cr3
	mov dr7, REG
	mov REG, dr6
	mov ds, ax
	mov es, [eax]
	mov ax, ss
	mov [eax], fs
	mov ecx, gs
	lss eax, [ebx]
	lfs cx, [ebx]
	lgs eax, [ebx]
	push fs
	pop gs
	pause
	sysenter
	sysexit
	mfence
	lfence
	sfence
	clflush [eax]
	popcnt eax, ebx
	lzcnt ax, bx
	tzcnt ecx, [eax]
	crc32 eax, bl
	movbe eax, [ebx]
	movbe [ebx], cx
	rdrand eax
	rdseed cx
	xgetbv
	monitor
	mwait
	endbr64
	adcx eax, ebx
	adox ecx, [eax]
	ud1 eax, ebx
	prefetchnta [eax]
	prefetcht0 [eax]
%endmacro
	bits 16
%define REG eax
	ordinary
	common_
	bits 32
	ordinary
	common_
	bits 64
%define REG rax
	common_
	movsq
	cqo
	cdqe
	syscall
	sysret
	swapgs
	iretq
	pushfq
	popfq
	movnti [rax], rcx
	andn eax, ebx, ecx
	bextr eax, [rbx], ecx
	blsr rax, rbx
	mulx rax, rbx, rcx
	pdep eax, ebx, ecx
	rorx rax, rbx, 3
	sarx eax, [rbx], ecx
	bzhi rax, rbx, rcx
	rdfsbase eax
	wrgsbase rbx
	stac
	clac
	invpcid rax, [rbx]
	movdiri [rax], ecx
	clflushopt [rax]
	clwb [rax]
