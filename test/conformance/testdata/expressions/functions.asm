; Functions of nasm's standard macros.
	bits 32
%use ifunc
	db ilog2e(1), ilog2e(256), ilog2w(100), ilog2f(100), ilog2c(100)
	db ilog2(64)
	times ilog2e(8) nop
	dd __?float32?__(1.5), __float32__(-0.25)
	dq __?float64?__(3.141592653589793)
	dw __?float16?__(0.5), __?float8?__(1.0)
	dq __?float80m?__(1.5)
	dw __?float80e?__(1.5)
	dq __?float128l?__(1.25), __?float128h?__(1.25)
	mov eax, __?float32?__(2.0)
	push dword __?float32?__(-1.0)
	mov eax, __?float32?__(1e10) & 0x7f800000
