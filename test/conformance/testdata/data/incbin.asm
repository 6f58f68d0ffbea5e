; Files as they are, and parts of them.
	bits 32
n	equ 4
all:	incbin 'incbin.dat'
	incbin 'incbin.dat', 10
	incbin 'incbin.dat', 10, 5
	incbin "incbin.dat", n, n * 2
	incbin `incbin.dat`,0,1
end:	times 2 incbin 'incbin.dat', 3, 3
	dd end - all
	align 16

	incbin 'incbin.dat', 20, 1000
