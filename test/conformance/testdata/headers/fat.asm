; A boot sector with the header of a FAT12 floppy disk, which loads a file.
	bits 16
	org 0x7c00
	jmp short boot
	nop
oem	db 'TASMDISK'
bytes_per_sector dw 512
sectors_per_cluster db 1
reserved dw 1
fats	db 2
root_entries dw 224
sectors	dw 2880
media	db 0xf0
fat_sectors dw 9
track_sectors dw 18
heads	dw 2
hidden	dd 0
large	dd 0
drive	db 0
	db 0
	db 0x29
serial	dd 0x12345678
label_	db 'NO NAME    '
fs_type	db 'FAT12   '
%define BUFFER 0x7e00
%define LOAD_SEGMENT 0x2000
ROOT_SECTORS equ 224 * 32 / 512
ROOT_START equ 1 + 2 * 9
DATA_START equ ROOT_START + ROOT_SECTORS
boot:	cli
	xor ax, ax
	mov ss, ax
	mov sp, 0x7c00
	mov ds, ax
	mov es, ax
	sti
	cld
	mov [drive], dl
	mov ax, ROOT_START
	mov cx, ROOT_SECTORS
	mov bx, BUFFER
	call read
	mov di, BUFFER
	mov cx, [root_entries]
.search:
	push cx
	push di
	mov si, name
	mov cx, 11
	repe cmpsb
	pop di
	pop cx
	je .found
	add di, 32
	loop .search
	mov si, missing
	jmp fail
.found:	mov ax, [di + 26]
	mov [cluster], ax
	mov ax, 1
	mov cx, [fat_sectors]
	mov bx, BUFFER
	call read
	mov ax, LOAD_SEGMENT
	mov es, ax
	xor bx, bx
.load:	mov ax, [cluster]
	cmp ax, 0xff8
	jae .run
	add ax, DATA_START - 2
	mov cx, 1
	call read
	add bx, 512
	mov ax, [cluster]
	mov si, ax
	shr si, 1
	add si, ax
	mov dx, [si + BUFFER]
	test al, 1
	jz .even
	shr dx, 4
.even:	and dx, 0xfff
	mov [cluster], dx
	jmp .load
.run:	mov dl, [drive]
	jmp LOAD_SEGMENT:0
; read CX sectors from AX on to ES:BX
read:	pusha
.one:	push ax
	push cx
	xor dx, dx
	div word [track_sectors]
	inc dx
	mov cl, dl
	xor dx, dx
	div word [heads]
	mov dh, dl
	mov ch, al
	shl ah, 6
	or cl, ah
	mov dl, [drive]
	mov ax, 0x0201
	int 0x13
	jc .error
	pop cx
	pop ax
	inc ax
	add bx, [bytes_per_sector]
	loop .one
	popa
	ret
.error:	mov si, broken
fail:	lodsb
	or al, al
	jz .wait
	mov ah, 0x0e
	int 0x10
	jmp fail
.wait:	xor ah, ah
	int 0x16
	int 0x19
name	db 'KERNEL  BIN'
missing	db 'No kernel', 0
broken	db 'Disk error', 0
cluster equ $
	times 510 - ($ - $$) db 0
	dw 0xaa55
