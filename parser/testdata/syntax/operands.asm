mov eax, 1
mov eax, ebx
mov byte [ebx], 5
mov [es:ebx+4*ecx], al
mov es:[ebx], al
mov al, es:table
mov al, table[ebx]
mov al, fs:table[ebx]
mov eax, [rel foo]
mov eax, [abs foo]
mov eax, [rel fs:foo]
mov eax, [fs:rel foo]
mov eax, [byte ebx+4]
mov eax, [dword 5]
mov eax, [nosplit eax*2]
mov ax, [a32 ebx]
mov ax, [es:a16 bx]
push strict dword 5
add eax, strict byte 5
jmp short start
jmp near start
jmp far [ebx]
jmp 0x10:0x20
jmp dword 0x10:start
call 0x10:word start
call far start
fadd to st1
mov eax, 'abcd'
mov eax, a ? b : c
mov eax, seg start
mov eax, start wrt ds
vaddps zmm1 {k1}{z}, zmm2, [eax] {1to16}
vaddps zmm1, zmm2, zmm2, {rn-sae}
mov qword [rax], rbx
mov tword [rax], oword [rax]
mov yword [rax], zword [rax]
mov word dword [eax], 5
push eax,
int 0x80
MOV EAX, [EBX+ECX*4+TABLE-4]
