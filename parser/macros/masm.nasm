; The words of Microsoft's assembler that nasm knows (nasm manual, 6.6 "masm:
; MASM compatibility").

%define __?USE_MASM?__
%idefine ptr __?masm_ptr?__
%idefine flat __?masm_flat?__
%idefine offset
%idefine tbyte tword

%imacro proc 0-1.nolist near
%push
%00:
%ifidni %1,far
%idefine ret retf
%else
%idefine ret retn
%endif
%endmacro

%imacro endp 0-1.nolist
%define %$masm_end %00
%undef ret
%pop
%endmacro

%imacro segment 0-1+.nolist
%ifempty %00
%define __?SECT?__ [segment %1]
%else
%define __?SECT?__ [segment %00 %1]
%endif
__?SECT?__
%endmacro

%imacro ends 0-1+.nolist
%define __?masm_ends?__ %00
%endmacro

%imacro end 0+.nolist
%endmacro

[default rel]
