; Differences of labels are numbers, also across what comes later.
	bits 32
start:	mov ecx, end - start
	mov edx, (end - start) / 4
	mov eax, (middle - start) * 8 + 1
	lea esi, [ebx + (end - middle) * 2]
	cmp ecx, -(middle - end)
	dw end - start, middle - end
	db end - start, (end - middle) << 1
	times (end2 - end) db 0xcc
middle:	nop
	times middle - start - 20 nop
end:	db 'some bytes'
end2:
	dd (end - start) & ~3, (end2 - start + 15) & -16
	dd end + end2 - start, start + (end - middle)
	dd end - start > 10, end = end2, end < end2
	dd ((end - start) ? 1 : 2)
	section .data
d1:	dd d2 - d1, end - start
d2:	dd $ - d1, d1, end
