; Tabs, form feeds and empty lines.


   	 
	bits	32	;comment
;
  mov	eax	,	[ ebx	+ 4 ]	
		mov   ecx  ,edx;x
lab :nop
lab2	:	nop
	mov eax,[ebx+ecx*4+8];tight
	db 1,2,3;x
	db(1+2)*3,-(4)
	mov al,byte[ebx]
	db"a"
	dd lab,lab2
