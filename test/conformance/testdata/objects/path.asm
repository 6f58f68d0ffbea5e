; The name of an included file stays as it was written.
	section .text
%include "../objects/path.inc"
	ret
