; Alignments that later lines ask for: only where none does, the usual one counts.
	section .pdata rdata align=2
	dd 1
	section .rdata align=16
	dd 4
	section ultra
	dd 10
	section infra rdata
	dd 20
	section omega rdata align=1
	dd 90
	section ultra align=8
	dd 13
	section infra rdata align=1
	dd 23
	section omega align=64
	section omega align=2
	section raised
	align 32
	section raised align=4
	section plain data
	section plain rdata align=0
