; A constant exactly between two floating-point numbers is rounded to even.
	dd 1.5e10, 1.00000017881393432617187500
