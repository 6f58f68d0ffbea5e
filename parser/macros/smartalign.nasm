; ALIGN with instructions that do nothing, and a jump over many of them. The
; modes and their instructions are known to the assembler.

%define __?USE_SMARTALIGN?__

%imacro alignmode 1-2.nolist
%ifidni %1,generic
%define __?ALIGN_JMP_THRESHOLD?__ 8
%elifidni %1,nop
%define __?ALIGN_JMP_THRESHOLD?__ 16
%elifidni %1,k7
%define __?ALIGN_JMP_THRESHOLD?__ 16
%elifidni %1,k8
%define __?ALIGN_JMP_THRESHOLD?__ 16
%elifidni %1,p6
%define __?ALIGN_JMP_THRESHOLD?__ 16
%else
%error unknown alignment mode: %1
%exitmacro
%endif
%ifidni %2,nojmp
%define __?ALIGN_JMP_THRESHOLD?__ -1
%elifnempty %2
%xdefine __?ALIGN_JMP_THRESHOLD?__ %2
%endif
%xdefine __?ALIGNMODE?__ %1,__?ALIGN_JMP_THRESHOLD?__
%endmacro

alignmode generic

%imacro align 1-2+.nolist
sectalign %1
%ifnempty %2
[align %1, %2]
%elifdef __?ALONE?__
[align %1, nop]
%else
%push
[smartalign %1, __?ALIGNMODE?__]
%$end:
%pop
%endif
%endmacro
