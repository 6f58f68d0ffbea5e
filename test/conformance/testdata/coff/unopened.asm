; Labels in a .text that no section line opens and that stays empty, as where a
; library leaves its code out: COFF has no such section.
	global left_out
left_out:
other:
section .data
	dd left_out
	dd other
last:
