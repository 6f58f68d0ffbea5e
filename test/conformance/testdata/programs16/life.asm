; The game of life in text mode, in ordinary 16-bit style.
	org 100h
	bits 16
	cpu 186
WIDTH	equ 80
HEIGHT	equ 25
CELLS	equ WIDTH * HEIGHT
ALIVE	equ 0x2adb
DEAD	equ 0x2000 + ' '
start:	mov ax, 3
	int 10h
	mov ah, 1
	mov cx, 2607h
	int 10h
	push cs
	pop es
	mov di, world
	mov cx, CELLS
	call seed
.fill:	call random
	and al, 3
	jz .live
	xor al, al
	jmp short .put
.live:	mov al, 1
.put:	stosb
	loop .fill
generation:
	call draw
	call step
	mov ah, 1
	int 16h
	jz generation
	xor ah, ah
	int 16h
	cmp al, 27
	jne generation
	mov ax, 3
	int 10h
	int 20h
seed:	push cx
	xor ah, ah
	int 1ah
	mov [state], dx
	or word [state], 1
	pop cx
	ret
random:	mov ax, [state]
	mov dx, 25173
	mul dx
	add ax, 13849
	mov [state], ax
	xchg al, ah
	ret
draw:	push es
	mov ax, 0b800h
	mov es, ax
	xor di, di
	mov si, world
	mov cx, CELLS
.cell:	lodsb
	cmp al, 1
	mov ax, DEAD
	jne .dead
	mov ax, ALIVE
.dead:	stosw
	loop .cell
	pop es
	ret
step:	mov bp, HEIGHT
	mov si, world
	mov di, next
.row:	mov cx, WIDTH
.column:
	xor ax, ax
%macro look 2
	%if (%1) || (%2)
	mov bx, si
	add bx, (%1) + (%2) * WIDTH
	cmp bx, world
	jb %%no
	cmp bx, world + CELLS
	jae %%no
	add al, [bx]
%%no:
	%endif
%endmacro
%assign y -1
%rep 3
	%assign x -1
	%rep 3
		look x, y
		%assign x x + 1
	%endrep
	%assign y y + 1
%endrep
	cmp al, 3
	je .born
	cmp al, 2
	jne .dies
	mov al, [si]
	jmp .store
.born:	mov al, 1
	jmp .store
.dies:	xor al, al
.store:	stosb
	inc si
	dec cx
	jz .endrow
	jmp .column
.endrow:
	dec bp
	jz .copy
	jmp .row
.copy:	mov si, next
	mov di, world
	mov cx, CELLS / 2
	rep movsw
%if CELLS & 1
	movsb
%endif
	ret
state	dw 1
	align 2
	section .bss
world	resb CELLS
next	resb CELLS
