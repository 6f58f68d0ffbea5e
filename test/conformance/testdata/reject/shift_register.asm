	shl ax, bl
