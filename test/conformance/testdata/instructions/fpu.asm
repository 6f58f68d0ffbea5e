; Floating-point and SSE instructions of ordinary programs.
	bits 32
	finit
	fninit
	fld dword [eax]
	fld qword [eax]
	fld tword [eax]
	fild word [eax]
	fild qword [eax]
	fistp dword [eax]
	fst dword [eax]
	fstp qword [eax]
	fstp st1
	fld st0
	fadd st1
	fadd st1, st0
	fadd to st1
	faddp st1, st0
	faddp
	fsub
	fmul dword [eax]
	fdivr st0, st3
	fdivrp st3
	fxch
	fxch st2
	fcom st1
	fcomip st0, st1
	fucomi st0, st2
	fldpi
	fldz
	fld1
	fsqrt
	fsin
	fpatan
	fstsw ax
	fnstsw [eax]
	fldcw [eax]
	fstcw [eax]
	fstenv [eax]
	fnsave [eax]
	frstor [eax]
	fabs
	fchs
	frndint
	fclex
	movaps xmm0, xmm1
	movups [eax], xmm3
	movss xmm0, [eax]
	movsd xmm1, [eax]
	addps xmm0, [eax]
	mulsd xmm2, xmm3
	cvtsi2sd xmm0, eax
	cvttsd2si ecx, xmm0
	pxor mm0, mm1
	pxor xmm0, xmm1
	movd xmm0, eax
	movd [eax], mm2
	movq xmm1, [eax]
	pshufd xmm0, xmm1, 0x1b
	paddd xmm0, xmm7
	movdqa xmm0, [eax + 16]
	ucomisd xmm0, xmm1
	emms
	ldmxcsr [eax]
	bits 64
	movaps xmm8, xmm15
	movq rax, xmm0
	cvtsi2sd xmm0, rax
	vaddps ymm0, ymm1, ymm2
	vmovdqu ymm8, [rsi]
	vpxor xmm1, xmm2, xmm3
