segment s
%assign i 0
%rep 700
l%+i: dw l%+i
 global l%+i
%assign i i+1
%endrep
 times 5000 db 0xaa
 times 1001 dd s2
 dw 1
 times 2000 dw 3
segment s2 use32
 times 70000 db 1
 global deep
deep: dd deep
 times 300 dd deep, l5
 global deep2
deep2: call l6
 call deep2
