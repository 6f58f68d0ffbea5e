; A small C library: memory, strings, numbers, and printf.
	bits 32
	section .text
%macro proc 1
%1:
	push ebp
	mov ebp, esp
%define arg(n) ebp + 8 + (n) * 4
%endmacro
%macro endproc 0-1 0
	leave
	%if %1
	ret %1
	%else
	ret
	%endif
%endmacro
	proc strlen
	push edi
	mov edi, [arg(0)]
	xor eax, eax
	mov ecx, -1
	repne scasb
	not ecx
	dec ecx
	mov eax, ecx
	pop edi
	endproc
	proc strcmp
	push esi
	push edi
	mov esi, [arg(0)]
	mov edi, [arg(1)]
.next:	lodsb
	scasb
	jne .differ
	test al, al
	jne .next
	xor eax, eax
	jmp .end
.differ:
	sbb eax, eax
	or eax, 1
.end:	pop edi
	pop esi
	endproc
	proc memcpy
	push esi
	push edi
	mov edi, [arg(0)]
	mov esi, [arg(1)]
	mov ecx, [arg(2)]
	mov eax, edi
	mov edx, ecx
	shr ecx, 2
	rep movsd
	mov ecx, edx
	and ecx, 3
	rep movsb
	pop edi
	pop esi
	endproc
	proc memset
	push edi
	mov edi, [arg(0)]
	movzx eax, byte [arg(1)]
	imul eax, 0x01010101
	mov ecx, [arg(2)]
	push ecx
	shr ecx, 2
	rep stosd
	pop ecx
	and ecx, byte 3
	rep stosb
	mov eax, [arg(0)]
	pop edi
	endproc
	proc strchr
	mov edx, [arg(0)]
	mov al, [arg(1)]
.next:	cmp [edx], al
	je .found
	cmp byte [edx], 0
	je .none
	inc edx
	jmp short .next
.found:	mov eax, edx
	jmp .end
.none:	xor eax, eax
.end:
	endproc
	proc atoi
	push ebx
	mov edx, [arg(0)]
	xor eax, eax
	xor ecx, ecx
	xor ebx, ebx
.space:	mov cl, [edx]
	inc edx
	cmp cl, ' '
	je .space
	cmp cl, `\t`
	je .space
	cmp cl, '-'
	sete bl
	je .sign
	cmp cl, '+'
	jne .digit
.sign:	mov cl, [edx]
	inc edx
.digit:	sub ecx, '0'
	cmp ecx, 9
	ja .done
	lea eax, [eax + eax*4]
	lea eax, [ecx + eax*2]
	movzx ecx, byte [edx]
	inc edx
	jmp .digit
.done:	test bl, bl
	jz .positive
	neg eax
.positive:
	pop ebx
	endproc
	proc itoa
	push ebx
	push edi
	mov eax, [arg(0)]
	mov edi, [arg(1)]
	mov ebx, [arg(2)]
	add edi, 35
	mov byte [edi], 0
.loop:	xor edx, edx
	div ebx
	mov dl, [edx + .digits]
	dec edi
	mov [edi], dl
	test eax, eax
	jnz .loop
	mov eax, edi
	pop edi
	pop ebx
	endproc 12
.digits	db '0123456789abcdefghijklmnopqrstuvwxyz'
	proc printf
	sub esp, 36
	push ebx
	push esi
	lea ebx, [arg(1)]
	mov esi, [arg(0)]
.next:	xor eax, eax
	lodsb
	test eax, eax
	je near .end
	cmp al, '%'
	je .conversion
.char:	push eax
	call putchar
	add esp, 4
	jmp .next
.conversion:
	lodsb
	cmp al, 'd'
	je .d
	cmp al, 'x'
	je .x
	cmp al, 's'
	je .s
	cmp al, 'c'
	jne .char
	push dword [ebx]
	call putchar
	pop eax
	add ebx, 4
	jmp .next
.d:	cmp dword [ebx], 0
	jge .u
	neg dword [ebx]
	push '-'
	call putchar
	pop ecx
.u:	push 10
	jmp short .number
.x:	push 16
.number:
	lea eax, [ebp - 36]
	push eax
	push dword [ebx]
	call itoa
	add ebx, 4
	push eax
	jmp .put
.s:	push dword [ebx]
	add ebx, 4
.put:	call puts
	add esp, 4
	jmp .next
.end:	pop esi
	pop ebx
	endproc
	proc putchar
	pushad
	lea ecx, [arg(0)]
	mov eax, 4
	mov ebx, 1
	mov edx, ebx
	int 80h
	popad
	endproc
	proc puts
	pushad
	push dword [arg(0)]
	call strlen
	pop ecx
	mov edx, eax
	mov ebx, 1
	mov eax, 4
	int 80h
	popad
	endproc
