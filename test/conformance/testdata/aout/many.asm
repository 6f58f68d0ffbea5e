%assign i 0
%rep 300
extern e%[i]
 dw e%[i]
 dd e%[i]
%assign i i+1
%endrep
section .text
