	org 5
	org 6
