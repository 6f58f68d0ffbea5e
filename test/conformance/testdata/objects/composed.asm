	section .text

%macro FMA4_INSTR 2-*
    %push fma4_instr
    %xdefine %$prefix %1
    %rep %0 - 1
        %macro %$prefix%2 4-6 %$prefix, %2
            db 5, %1
        %endmacro
        %rotate 1
    %endrep
    %pop
%endmacro
FMA4_INSTR fmadd,    pd, ps, sd, ss
fmaddps 1,2,3,4
