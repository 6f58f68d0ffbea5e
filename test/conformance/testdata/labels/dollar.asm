; A name behind a dollar sign is a name even where it is a word.
	bits 32
$eax:	mov eax, $eax
$mov:	mov ebx, [$mov]
$times:	add ecx, $times - $eax
	jmp $mov
$section	dd $section, $eax, $plain
plain:	mov al, [$plain + ecx]
	dd $ - $eax
	dd $-plain
	push dword $plain
