; The first word that is given counts, an empty one too; COMMON has the affixes of
; labels that nobody else sees, STATIC those of global ones.
%pragma output lprefix L.
%pragma output lprefix M.
%pragma elf gprefix
%pragma win gprefix W_
%pragma coff gsuffix _c more
%pragma output gprefix _

	extern ext
	common room 4
	global shown
	static kept
shown:	jmp kept
kept:	jmp own
own:	jmp shown
