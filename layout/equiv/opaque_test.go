package equiv_test

import (
	"strings"
	"testing"

	"tasm/layout/equiv"
)

// floats computes with the vector registers and the x87, and tells what comes of it.
const floats = head386 + `_start: movups xmm0, [numbers]
        movups xmm1, [numbers + 16]
        addps   xmm0, xmm1
        movups [numbers], xmm0
        comiss  xmm0, xmm1
        jb      .less
        movsd   xmm2, [numbers + 8]
        cvttsd2si esi, xmm2
.less:  fild    dword [esp]
        fsqrt
        fistp   dword [numbers + 32]
        movd    edi, xmm1
        mov     eax, 4
        mov     ebx, 1
        mov     ecx, numbers
        mov     edx, 36
        int     0x80
        lea     ebx, [esi + edi]
        mov     eax, 1
        int     0x80
`

const floatData = "section .data\nnumbers: dd 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0\n"

// TestOpaque proves that two programs do the same that carry out the same instructions of
// the x87 and the vector registers, and not if one differs.
func TestOpaque(t *testing.T) {
	original := build(t, floats+floatData, "", false)
	for _, c := range []struct {
		name, old, replacement string
		proved                 bool
	}{
		{"itself", "", "", true},
		{"other code", "mov     ebx, 1\n", "push 1\npop ebx\n", true},
		{"other moment", "movups xmm1, [numbers + 16]\n", "mov ecx, numbers + 3\nmovups xmm1, [ecx + 13]\n", true},
		{"other operation", "addps", "subps", false},
		{"other register", "movups [numbers], xmm0", "movups [numbers], xmm1", false},
		{"other source", "[numbers + 16]", "[numbers + 4]", false},
		{"other comparison", "comiss  xmm0, xmm1", "comiss  xmm1, xmm0", false},
		{"other branch", "jb ", "jbe ", false},
		{"other x87", "fsqrt", "fchs", false},
		{"other input", "fild    dword [esp]", "fild    word [esp]", false},
		{"one less", "addps   xmm0, xmm1\n", "", false},
		{"other order", "movups xmm0, [numbers]\n        movups xmm1, [numbers + 16]\n", "movups xmm1, [numbers + 16]\nmovups xmm0, [numbers]\n", false},
		{"other result", "movd    edi, xmm1", "movd    edi, xmm0", false},
		{"unmasked", "fsqrt", "fldcw [numbers]\nfsqrt", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(floats, c.old) {
				t.Fatal(c.old)
			}
			result := build(t, strings.Replace(floats, c.old, c.replacement, 1)+floatData, "", false)
			v := equiv.Check(original, result, equiv.Options{Runs: 20})
			if v.Proved != c.proved || !c.proved && v.Outcome == equiv.Same {
				t.Errorf("%+v", v)
			}
		})
	}
	file := build(t, strings.Replace(floats, "fsqrt", "fldcw [numbers]\nfsqrt", 1)+floatData, "", false)
	if v := equiv.Check(file, file, equiv.Options{Runs: 20}); v.Outcome != equiv.Unclear {
		t.Errorf("exceptions unmasked: %+v", v)
	}
}

// TestOpaqueInLoops proves by induction what loads, adds and stores in a loop.
func TestOpaqueInLoops(t *testing.T) {
	loop := head386 + `_start: movss xmm0, [numbers]
.next:  addss   xmm0, [numbers + 4]
        mov     eax, 3
        xor     ebx, ebx
        mov     ecx, numbers + 8
        mov     edx, 4
        int     0x80
        cmp     eax, 4
        je      .next
        mov     eax, 1
        int     0x80
`
	original := build(t, loop+floatData, "", false)
	if _, reason := equiv.Induct(original, build(t, strings.Replace(loop, "mov     edx, 4", "push 4\npop edx", 1)+floatData, "", false)); reason != "" {
		t.Error(reason)
	}
	if _, reason := equiv.Induct(original, build(t, strings.Replace(loop, "addss", "subss", 1)+floatData, "", false)); reason == "" {
		t.Error("another operation is proved")
	}
}

// TestMadeUp runs a program that goes round until a comparison of floating point numbers
// tells it to end: what such an instruction makes is made up in generated runs.
func TestMadeUp(t *testing.T) {
	loop := head386 + `_start: movss xmm0, [numbers]
        xor     ebx, ebx
.next:  addss   xmm0, [numbers + 4]
        inc     ebx
        comiss  xmm0, [numbers + 8]
        jb      .next
        cvttss2si ecx, xmm0
        and     ecx, 15
        mov     [numbers + ecx], bl
        mov     edx, 16
        mov     ecx, numbers
        mov     ebx, 1
        mov     eax, 4
        int     0x80
        mov     eax, 1
        int     0x80
`
	original := build(t, loop+floatData, "", false)
	if v := equiv.Check(original, original, equiv.Options{Runs: 20}); v.Outcome != equiv.Same || len(v.Findings) > 0 {
		t.Errorf("the same: %+v", v)
	}
	other := build(t, strings.Replace(loop, "inc     ebx", "add     ebx, 2", 1)+floatData, "", false)
	if v := equiv.Check(original, other, equiv.Options{Runs: 20}); v.Outcome != equiv.Different {
		t.Errorf("counts by two: %+v", v)
	}
}
