	xchg ax, 5
