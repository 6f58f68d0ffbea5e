; A brainfuck interpreter for Linux: the program comes on standard input.
	bits 32
	org 0x08048000
TAPE	equ 30000
SYS_exit equ 1
SYS_read equ 3
SYS_write equ 4
%macro syscall3 4
	mov eax, %1
	mov ebx, %2
	mov ecx, %3
	mov edx, %4
	int 0x80
%endmacro
	section .text
_start:	cld
	mov edi, code
.read:	mov ecx, edi
	mov edx, code + CODE_SIZE
	sub edx, ecx
	jz .loaded
	xor ebx, ebx
	mov eax, SYS_read
	int 0x80
	test eax, eax
	js failure
	jz .loaded
	add edi, eax
	jmp .read
.loaded:
	mov byte [edi], 0
	mov esi, code
	mov edi, tape
	xor ebp, ebp
run:	xor eax, eax
	lodsb
	cmp al, 0
	je exit
	sub al, '+'
	jb run
	cmp al, ']' - '+'
	ja run
	jmp [table + eax*4]
nothing equ run
plus:	inc byte [edi]
	jmp run
minus:	dec byte [edi]
	jmp run
right:	inc edi
	cmp edi, tape + TAPE
	jb run
	jmp failure
left:	dec edi
	cmp edi, tape
	jae run
	jmp failure
output:	push esi
	syscall3 SYS_write, 1, edi, 1
	pop esi
	jmp run
input:	syscall3 SYS_read, 0, edi, 1
	cmp eax, 1
	je run
	mov byte [edi], 0
	jmp run
open:	cmp byte [edi], 0
	jne .enter
	mov ecx, 1
.skip:	lodsb
	cmp al, 0
	je failure
	cmp al, '['
	jne .notopen
	inc ecx
.notopen:
	cmp al, ']'
	jne .skip
	loop .skip
	jmp run
.enter:	cmp ebp, 256
	jae failure
	mov [stack + ebp*4], esi
	inc ebp
	jmp run
close:	test ebp, ebp
	jz failure
	cmp byte [edi], 0
	je .leave
	mov esi, [stack + ebp*4 - 4]
	jmp run
.leave:	dec ebp
	jmp run
failure:
	syscall3 SYS_write, 2, message, message.size
	mov ebx, 1
	jmp exit.with
exit:	xor ebx, ebx
.with:	mov eax, SYS_exit
	int 0x80
	hlt
	section .rodata align=4
%define slot(c) times (c) - '+' - ($ - table) / 4 dd nothing
table:	dd plus, input, minus, output
	times '<' - '+' - 4 dd nothing
	dd left, nothing, right
	times '[' - '>' - 1 dd nothing
	dd open, nothing, close
	section .data
message: db 'brainfuck: the program is broken', 10
.size	equ $ - message
	section .bss
CODE_SIZE equ 65536
	alignb 4
stack:	resd 256
tape:	resb TAPE
code:	resb CODE_SIZE + 1
