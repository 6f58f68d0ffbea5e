; As many relocations as the header of a section of COFF can count, and more.
%ifidn __?OUTPUT_FORMAT?__, win32
%define windows
%elifidn __?OUTPUT_FORMAT?__, win64
%define windows
%endif
%ifdef windows
	section	.data
a:	times 0x10000 dd a
	section	.rdata
	times 0xffff dd a
	section	.text
	times 0xfffe dd a
%endif
