; The words of the package for floating-point constants that store something.
%use fp
	bf16	1.0, 1.5
	BF16	-2.0, Inf
label:	bf16 3.25
