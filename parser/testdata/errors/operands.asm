mov eax ebx
mov eax, ebx ecx
mov eax, dword ptr [ebx] ; right
mov eax, [ebx
mov eax, ebx]
mov eax, [ebx, 4] ; right
mov eax, [ebx][ecx]
mov eax, [eax:ebx:ecx]
mov eax, [5:ebx]
mov eax, 5:[ebx]
mov eax, []
mov eax, [oword 5]
mov eax, [short 5]
mov eax, [lock ebx]
mov eax, [a16 a32 ebx]
mov eax, (1+2
mov eax, 1+
mov eax, *2
mov eax, 1 ? 2
mov eax, byte
mov eax, 12xyz
mov eax, 0ffg
mov eax, 0fff
mov eax, 08b2
mov eax, 1 2
mov eax,, ebx
mov eax, {k1
mov eax {}, ebx
mov eax, #5
mov eax, rel foo
mov eax, times
mov es:fs:[eax], 1
mov es:fs:foo[fs:eax], 1
mov eax, __?ilog2e?__
mov eax, "a" "b"
mov eax, &x
mov eax, 0x12h
