; TIMES with counts of every kind.
	bits 32
start:	times 5 db 1
	times 3 dw 1, 2
	times 0 db 1
	times 2 mov eax, [ebx + 4]
	times 4 - ($ - start) & 3 nop
lab:	times 3 inc eax
	times 2 resb 2
	times 3 lock inc dword [lab]
	times 2 call lab
	times 2 jmp short lab
	times 2 jmp $
	times 2 jz start
	times 2 db 'ab', 0
	times (end - mid) nop
mid:	times 7 stosb
end:
	times 510 - ($ - $$) db 0
	dw 0xaa55
