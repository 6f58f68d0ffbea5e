; The multi-line macros that nasm has from the start. Its directives are such
; macros around their forms in brackets, so a source may take them back with
; %unmacro, wrap them, and ask for them with %ifmacro.

%imacro section 1+.nolist
%define __?SECT?__ [section %1]
__?SECT?__
%endmacro

%imacro segment 1+.nolist
%define __?SECT?__ [segment %1]
__?SECT?__
%endmacro

%imacro absolute 1+.nolist
%define __?SECT?__ [absolute %1]
__?SECT?__
%endmacro

%imacro sectalign 1+.nolist
%ifidni %1,off
%define __?SECTALIGN_ALIGN_UPDATES_SECTION?__ 0
%elifidni %1,on
%define __?SECTALIGN_ALIGN_UPDATES_SECTION?__ 1
%else
[sectalign %1]
%endif
%endmacro

%imacro align 1-2+.nolist nop
%if __?SECTALIGN_ALIGN_UPDATES_SECTION?__
sectalign %1
%endif
[align %1, %2]
%endmacro

%imacro alignb 1-2+.nolist
%if __?SECTALIGN_ALIGN_UPDATES_SECTION?__
sectalign %1
%endif
[alignb %1, %2]
%endmacro

%imacro bits 1+.nolist
[bits %1]
%endmacro

%imacro use16 0.nolist
[bits 16]
%endmacro

%imacro use32 0.nolist
[bits 32]
%endmacro

%imacro use64 0.nolist
[bits 64]
%endmacro

%imacro org 1+.nolist
[org %1]
%endmacro

%imacro cpu 1+.nolist
[cpu %1]
%endmacro

%imacro float 1-*.nolist
%rep %0
[float %1]
%ifidni %1,daz
%define __?FLOAT_DAZ?__ daz
%elifidni %1,nodaz
%define __?FLOAT_DAZ?__ nodaz
%elifidni %1,near
%define __?FLOAT_ROUND?__ near
%elifidni %1,up
%define __?FLOAT_ROUND?__ up
%elifidni %1,down
%define __?FLOAT_ROUND?__ down
%elifidni %1,zero
%define __?FLOAT_ROUND?__ zero
%elifidni %1,default
%define __?FLOAT_DAZ?__ nodaz
%define __?FLOAT_ROUND?__ near
%endif
%rotate 1
%endrep
%endmacro

%imacro default 1-*.nolist
%rep %0
[default %1]
%rotate 1
%endrep
%endmacro

%imacro global 1-*.nolist
%rep %0
[global %1]
%rotate 1
%endrep
%endmacro

%imacro static 1-*.nolist
%rep %0
[static %1]
%rotate 1
%endrep
%endmacro

%imacro extern 1-*.nolist
%rep %0
[extern %1]
%rotate 1
%endrep
%endmacro

%imacro required 1-*.nolist
%rep %0
[required %1]
%rotate 1
%endrep
%endmacro

%imacro common 1-*.nolist
%rep %0
[common %1]
%rotate 1
%endrep
%endmacro

; incbin "FILE", SKIP, LENGTH: a macro only in that it may be wrapped; as an
; instruction, incbin also stands behind TIMES.
%imacro incbin 1-2+.nolist
%push
%if %0 > 1
incbin %1,%2
%else
incbin %1
%endif
%pop
%endmacro

; struc NAME[, START] ... endstruc: NAME is the start, NAME_size the size, and
; what is reserved in between has its offset as value.
%imacro struc 1-2.nolist 0
%push struc
%define %$strucname %1
[absolute %2]
%$strucname:
%endmacro

%imacro endstruc 0.nolist
%ifctx struc
%{$strucname}_size equ ($-%$strucname)
%pop
__?SECT?__
%else
%error endstruc without struc before it
%endif
%endmacro

; istruc NAME ... at MEMBER, contents ... iend: an instance. A member that
; starts with a point is one of NAME.
%imacro istruc 1.nolist
%push istruc
%define %$strucname %1
%$strucstart:
%endmacro

%imacro at 1-2+.nolist
%ifnctx istruc
%error at outside istruc and iend
%exitmacro
%endif
%defstr %$member %1
%substr %$member %$member 1
%ifidn %$member,'.'
times (%$strucname%1-%$strucname)-($-%$strucstart) db 0
%else
times (%1-%$strucname)-($-%$strucstart) db 0
%endif
%2
%endmacro

%imacro iend 0.nolist
%ifctx istruc
times %{$strucname}_size-($-%$strucstart) db 0
%pop
%else
%error iend without istruc before it
%endif
%endmacro
