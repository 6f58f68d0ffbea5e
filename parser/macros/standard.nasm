; The multi-line macros that nasm has from the start: structures. They are read
; when a source first calls one of them.

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
