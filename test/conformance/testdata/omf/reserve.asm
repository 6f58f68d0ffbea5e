segment one
 db 1
segment one class=x
 db 2
segment two use32 align=4096
..start:
 mov eax, one
 resb 0
 db 5
 resb 3
 db 6
 times 3 resb 5
 alignb 16
 db 7
