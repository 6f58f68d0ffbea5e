mov eax, \
    ebx
db 'ab\
cd'
nop ; a comment \
    that goes on
mo\
v eax, 1
