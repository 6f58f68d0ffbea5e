; Labels distinguish case; mnemonics, registers and directives do not.
	BITS 32
Data:	DB 1
data_:	Db 2
DATA:	dB 3
	MOV EAX, [Data]
	mov Ebx, [DATA]
	MoV eCx, [data_]
	ADD al, BYTE 5
	Add AX, Word 500
	JMP Short Data
	REP MOVSB
	Lock INC DWORD [eax]
Label:	jmp label
label:	jmp Label
	TIMES 3 NOP
	Align 4
