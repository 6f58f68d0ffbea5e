 uppercase
 import impf lib.dll 5
 import impg lib.dll realname
 import imph lib.dll
 export expa
 export expb inb
 export expc inc_ 5 resident nodata parm=3
 export expd ind 0x10 NODATA
segment code flat use32 class=code
 extern impf, impg
 global expA
expA: call impf
 mov eax, [impg]
 push dword expA
 mov eax, seg expA
 dd seg impf
 dw seg impf
segment data flat use32 class=data
 dd expA
