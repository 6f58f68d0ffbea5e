; Several labels at one address: which one a relocation names.
bits 64
default rel
section .data
l0:
	dd 0
l1:
global l2
l2:
global l3
l3:
	dd 1
l4:
l5:
l6:
global l7
l7:
l8:
	dd 2
l9:
l10:
	dd 3
global l11
l11:
l12:
	dd 4
l13:
global l14
l14:
	dd 5
global l15
l15:
l16:
	dd 6
global l17
l17:
l18:
	dd 7
l19:
global l20
l20:
l21:
	dd 8
l22:
	dd 9
l23:
global l24
l24:
global l25
l25:
l26:
l27:
	dd 10
global l28
l28:
l29:
global l30
l30:
l31:
global l32
l32:
	dd 11
l33:
global l34
l34:
	dd 12
l35:
	dd 13
l36:
l37:
	dd 14
global l38
l38:
l39:
	dd 15
l40:
	dd 16
l41:
	dd 17
global l42
l42:
l43:
l44:
	dd 18
l45:
global l46
l46:
	dd 19
global l47
l47:
global l48
l48:
	dd 20
global l49
l49:
	dd 21
l50:
global l51
l51:
l52:
global l53
l53:
l54:
	dd 22
l55:
	dd 23
l56:
	dd 24
l57:
l58:
	dd 25
l59:
	dd 26
l60:
l61:
	dd 27
l62:
l63:
l64:
	dd 28
global l65
l65:
	dd 29
l66:
	dd 30
global l67
l67:
l68:
	dd 31
l69:
	dd 32
l70:
	dd 33
global l71
l71:
l72:
l73:
	dd 34
l74:
l75:
	dd 35
l76:
	dd 36
global l77
l77:
	dd 37
global l78
l78:
	dd 38
l79:
	dd 39
section .text
start:
	mov eax, [l19]
	mov eax, [l77]
	mov eax, [l5]
	mov eax, [l69]
	mov eax, [l62]
	mov eax, [l74]
	mov eax, [l31]
	mov eax, [l41]
	mov eax, [l4]
	mov eax, [l15]
	mov eax, [l67]
	mov eax, [l37]
	mov eax, [l52]
	mov eax, [l25]
	mov eax, [l61]
	mov eax, [l66]
	mov eax, [l30]
	mov eax, [l28]
	mov eax, [l26]
	mov eax, [l73]
	mov eax, [l2]
	mov eax, [l14]
	mov eax, [l65]
	mov eax, [l75]
	mov eax, [l70]
	mov eax, [l72]
	mov eax, [l27]
	mov eax, [l13]
	mov eax, [l60]
	mov eax, [l12]
	mov eax, [l59]
	mov eax, [l49]
	mov eax, [l16]
	mov eax, [l47]
	mov eax, [l55]
	mov eax, [l33]
	mov eax, [l76]
	mov eax, [l58]
	mov eax, [l57]
	mov eax, [l46]
	mov eax, [l9]
	mov eax, [l20]
	mov eax, [l3]
	mov eax, [l38]
	mov eax, [l7]
	mov eax, [l64]
	mov eax, [l48]
	mov eax, [l51]
	mov eax, [l24]
	mov eax, [l44]
	mov eax, [l43]
	mov eax, [l6]
	mov eax, [l53]
	mov eax, [l18]
	mov eax, [l78]
	mov eax, [l10]
	mov eax, [l39]
	mov eax, [l21]
	mov eax, [l45]
	mov eax, [l36]
	dq l5, l79
