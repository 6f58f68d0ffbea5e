; Long NOPs of the smartalign package, for each mode.
%use smartalign
	bits 32
	alignmode generic
	nop
	align 32
	inc eax
	alignmode nop, 8
	align 16
	dec eax
	alignmode k7
	align 64
	ret
	alignmode k8
	nop
	align 16
	nop
	nop
	align 32
	alignmode p6, 64
	ret
	align 32
	bits 16
	alignmode generic
	nop
	align 16
	bits 64
	alignmode p6
	nop
	align 16
