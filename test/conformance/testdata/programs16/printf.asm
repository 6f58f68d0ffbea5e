; printf with %d %u %x %s %c for DOS.
	bits 16
	org 0x100
	jmp main
%macro call_printf 1+
	%push
	%assign %$n 0
	pushargs %1
	call printf
	add sp, %$n
	%pop
%endmacro
%macro pushargs 1-*
	%rep %0
	%rotate -1
	%ifnum %1
	mov ax, %1
	push ax
	%else
	push word %1
	%endif
	%assign %$n %$n + 2
	%endrep
%endmacro
putc:	push dx
	mov dl, al
	mov ah, 2
	int 0x21
	pop dx
	ret
puts:	lodsb
	test al, al
	jz .end
	call putc
	jmp puts
.end:	ret
printf:	push bp
	mov bp, sp
	push si
	push di
	mov si, [bp + 4]
	lea di, [bp + 6]
.next:	lodsb
	or al, al
	jz .end
	cmp al, '%'
	je .format
.plain:	call putc
	jmp .next
.format:
	lodsb
	mov bx, .formats
.find:	cmp byte [bx], 0
	je .plain
	cmp [bx], al
	je .found
	add bx, 3
	jmp .find
.found:	mov ax, [di]
	inc di
	inc di
	call [bx + 1]
	jmp .next
.end:	pop di
	pop si
	leave
	ret
.formats:
	db 'd'
	dw signed
	db 'u'
	dw unsigned
	db 'x'
	dw hex
	db 's'
	dw string
	db 'c'
	dw putc
	db 0
string:	push si
	xchg si, ax
	call puts
	pop si
	ret
signed:	test ax, ax
	jns unsigned
	push ax
	mov al, '-'
	call putc
	pop ax
	neg ax
unsigned:
	mov bx, 10
	jmp short convert
hex:	mov bx, 16
convert:
	xor cx, cx
.digit:	xor dx, dx
	div bx
	push dx
	inc cx
	test ax, ax
	jnz .digit
.out:	pop bx
	mov al, [digits + bx]
	call putc
	loop .out
	ret
main:	cld
	call_printf hello, 42, word [value], name
	call_printf second, 'x', 0xbeef, -1
	int 0x20
hello	db `%d and %u from %s\r\n`, 0
second	db 'char %c, hex %x, number %d', 13, 10, 0
name	db 'printf', 0
value	dw 60000
digits	db '0123456789abcdef'
