; right
mvo eax, 1
nop ; right
mov eax, [ebx
db 'abc
push eax ebx
[section ]
foo bar
mov eax, 1 +
mov ebx, 12z
resb
ad eax, 5
ret ; right
