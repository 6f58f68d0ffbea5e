; Common variables; what EXTERN, STATIC and REQUIRED say.
common cv 4
common cv 4
common cw 8:8
extern cw2
dd cv, cw
mov eax,[cv]
osabi 3
required qq
static stat
stat: nop
global both
static both2
both: nop
both2: nop
