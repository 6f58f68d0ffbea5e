	resb -1
