start:
start
.local: ret
.local ret
start.local:
..@special nop
$eax: mov eax, $eax
mov: nop
loop: loop loop
db: db 1
count equ 5
far_pointer equ 0x10:0x20
count2: equ count*2
label times 3 nop
label: times count+1 db 'a'
times 4 lock inc dword [eax]
lock times 4 inc dword [eax]
_a$b#c@d~e.f?g: nop
ünï: nop
entry: nop
sys equ 5
image db 1
target: nop
target dw 3
