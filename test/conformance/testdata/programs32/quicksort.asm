; Quicksort with C calling conventions, and a check of its result.
	bits 32
	section .text
%define array ebp + 8
%define low_ ebp + 12
%define high_ ebp + 16
quicksort:
	push ebp
	mov ebp, esp
	sub esp, 8
	push ebx
	push esi
	push edi
	mov esi, [low_]
	mov edi, [high_]
	cmp esi, edi
	jge .done
	mov ebx, [array]
	mov eax, esi
	add eax, edi
	shr eax, 1
	mov edx, [ebx + eax*4]
	mov dword [ebp - 4], edx
.partition:
	cmp esi, edi
	jg .split
.up:	mov eax, [ebx + esi*4]
	cmp eax, [ebp - 4]
	jge .down
	inc esi
	jmp .up
.down:	mov eax, [edi*4 + ebx]
	cmp eax, [ebp-4]
	jle .swap
	dec edi
	jmp .down
.swap:	cmp esi, edi
	jg .split
	mov eax, [ebx + esi*4]
	xchg eax, [ebx + edi*4]
	mov [ebx + 4*esi], eax
	inc esi
	dec edi
	jmp .partition
.split:	mov [ebp - 8], esi
	push edi
	push dword [low_]
	push ebx
	call quicksort
	add esp, 12
	push dword [high_]
	push dword [ebp - 8]
	push dword [array]
	call quicksort
	add esp, byte 12
.done:	pop edi
	pop esi
	pop ebx
	mov esp, ebp
	pop ebp
	ret
%undef array
check:	mov ecx, count - 1
	mov esi, numbers
.next:	lodsd
	cmp eax, [esi]
	jg .wrong
	loop .next
	clc
	ret
.wrong:	stc
	ret
heapsort:
	enter 16, 0
	pushad
	mov ecx, count / 2
.heapify:
	dec ecx
	js .sorted
	mov eax, ecx
	mov edx, count
	call sift
	jmp .heapify
.sorted:
	mov edx, count
.pull:	dec edx
	jz .end
	mov eax, [numbers]
	xchg eax, [numbers + edx*4]
	mov [numbers], eax
	xor eax, eax
	call sift
	jmp .pull
.end:	popad
	leave
	ret 4
; sifts element EAX down in a heap of EDX elements
sift:	lea ebx, [eax*2 + 1]
	cmp ebx, edx
	jae .done
	lea esi, [ebx + 1]
	cmp esi, edx
	jae .one
	mov edi, [numbers + ebx*4]
	cmp [numbers + esi*4], edi
	cmovg ebx, esi
.one:	mov edi, [numbers + eax*4]
	cmp edi, [numbers + ebx*4]
	jge .done
	xchg edi, [numbers + ebx*4]
	mov [numbers + eax*4], edi
	mov eax, ebx
	jmp sift
.done:	ret
	global _start
_start:	push count - 1
	push 0
	push numbers
	call quicksort
	lea esp, [esp + 3*4]
	call check
	sbb ebx, ebx
	and ebx, 1
	push numbers
	call heapsort
	call check
	adc ebx, 0
	mov eax, 1
	int 80h
	section .data align=4
numbers:
%assign seed 12345
%rep 50
	%assign seed (seed * 1103515245 + 12345) & 0x7fffffff
	dd (seed >> 8) - 0x400000
%endrep
count	equ ($ - numbers) / 4
