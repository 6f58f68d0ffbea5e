; Labels of the form ..@name stand outside the scopes of local labels.
	bits 32
here:
.a:	nop
..@outside:
	jmp .a			; still here.a
	jmp ..@outside
there:
.a:	jmp ..@outside
	jmp .a
	mov eax, ..@outside
	mov eax, here.a
