rep movsb
REP MOVSB
es movsb
lock
es
a16 o32 rep movsd
repne es a32 movsb
xacquire lock add [eax], ebx
bnd jmp start
wait
{evex} vaddps xmm0, xmm0
