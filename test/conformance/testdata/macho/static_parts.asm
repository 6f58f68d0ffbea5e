; A linker may move what begins at a STATIC label.
	[pragma macho subsections_via_symbols]
	static kept
	global shown
shown:	jmp kept
kept:	jmp own
own:	jmp shown
	jmp kept
