bits 32
segment code use32
 extern f, g
 call f
 jmp g
 je f
 dd f-$
 dw f-$
 call dword f
 call word f
 mov ax, f
 mov eax, [f+4]
 dd f+5
 jmp word 5:f
segment c16
 call f
 call dword f
 je f
 mov eax, f
 lea eax, [f]
 dd f
 jmp dword 8:f
 jmp far dword f
 dw f-$, f-$+2
 dd f-$
 loop $
