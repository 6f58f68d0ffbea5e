group g1 b a undef_later
segment a
la: dw lb, la, seg la, a, g1
segment b
lb: dw la wrt a, la wrt g1, lb wrt b
segment undef_later
 group g2 a b
 dw la wrt g2
 extern e1:wrt g1
 extern e2:wrt a
 extern e3
 common c1 10
 common c2 20:far
 common c3 30:far 3
 common c4 300:near
 common c5 70000:far 1
 common c6 0x2000000:near
 common c7 40:wrt g1
 common c8 40:far 2:wrt g2
 dw e1, e2, e3, c1, c2, c3, c4,c5,c6,c7,c8
 dw e1 wrt a, seg e1, seg e3, e3 wrt seg e3
 call e1
 call far e1
 jmp far e3
