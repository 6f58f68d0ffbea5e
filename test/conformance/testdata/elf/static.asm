; STATIC says of a symbol what GLOBAL does.
	static f:function
	static d:data 4
	static h:data hidden (h.end - h)
f:	ret
d:	dd 0
h:	dd 1, 2
.end:
