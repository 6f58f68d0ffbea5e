	times -1 nop
