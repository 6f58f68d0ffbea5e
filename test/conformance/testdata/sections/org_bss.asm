; A .com-like program with variables behind the file.
	org 100h
	bits 16
	section .text
	mov bx, buffer
	mov word [counter], 5
	mov si, message
	call print
	ret
print:	lodsb
	or al, al
	jz .done
	mov ah, 2
	mov dl, al
	int 21h
	jmp print
.done:	ret
	section .data
message	db 'text', 0
	section .bss
counter	resw 1
buffer	resb 64
end:
	section .data
	dw end - counter, end
