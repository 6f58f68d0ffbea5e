; Local labels belong to the last label that is not local.
	bits 32
first:
.top:	dec ecx
	jnz .top
	jmp second.top
.bottom:
	ret
second:
.top:	inc eax
	cmp eax, 10
	jb .top
	call first.bottom
.count	equ $ - .top
	mov edx, .count
	mov edx, second.count
third	equ 77
.odd:	mov eax, third		; EQU opens no scope
	mov eax, second.odd
fourth:
	call .later
	ret
.later:	nop
	ret
