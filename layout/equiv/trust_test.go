package equiv_test

import (
	"testing"

	"tasm/layout/equiv"
)

// TestDoubtfulObject proves nothing of an access whose address may have been made from
// another object's, where no generated run shows whose.
func TestDoubtfulObject(t *testing.T) {
	source := func(guard, apart string) []byte {
		return build(t, head386+`_start: mov edx, 16
        mov ecx, input
        xor ebx, ebx
        mov eax, 3
        int 0x80
        dec eax
        js .end
        imul edx, [input], 0x1e3779b1
        cmp edx, 0x74392c5a
        `+guard+` _start
        mov byte [zeros + 5], 77
        movzx eax, byte [input + 4]
        movzx ebx, byte [zeros - 64 - `+apart+` + 48 + eax]
.end:   mov eax, 1
        int 0x80
section .data
table:  times 64 db 1
        times `+apart+` db 2
section .bss
zeros:  resb 16
input:  resb 16
`, "", false)
	}
	for name, c := range map[string]struct {
		guard, apart string
		outcome      equiv.Outcome
		proved       bool
	}{
		"seldom":           {"jne", "0", equiv.Same, false},
		"seldom elsewhere": {"jne", "32", equiv.Same, false},
		"often":            {"je", "0", equiv.Same, false},
		"often elsewhere":  {"je", "32", equiv.Different, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := equiv.Check(source(c.guard, "0"), source(c.guard, c.apart), equiv.Options{})
			if v.Outcome != c.outcome || v.Proved != c.proved {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestDoubtfulEnd does the same where an address may have been made from the end of one
// object, which is the beginning of the next one.
func TestDoubtfulEnd(t *testing.T) {
	source := func(apart string) []byte {
		return build(t, head386+`_start: mov edx, 16
        mov ecx, input
        xor ebx, ebx
        mov eax, 3
        int 0x80
        dec eax
        js .end
        imul edx, [input], 0x1e3779b1
        cmp edx, 0x74392c5a
        jne _start
        mov byte [zeros + 5], 77
        movzx eax, byte [input + 4]
        neg eax
        movzx ebx, byte [zeros + eax]
.end:   mov eax, 1
        int 0x80
section .data
table:  times 64 db 1
        times `+apart+` db 2
section .bss
zeros:  resb 16
input:  resb 16
`, "", false)
	}
	if v := equiv.Check(source("0"), source("32"), equiv.Options{}); v.Outcome != equiv.Same || v.Proved {
		t.Errorf("%+v", v)
	}
}

// TestCodeBesideData takes no code behind data for the data: what is read there counts.
func TestCodeBesideData(t *testing.T) {
	source := func(status string) []byte {
		return build(t, head386+`_start: mov edx, 16
        mov ecx, input
        xor ebx, ebx
        mov eax, 3
        int 0x80
        imul edx, [input], 0x1e3779b1
        cmp edx, 0x74392c5a
        jne .end
        mov ecx, [input + 4]
        and ecx, 7
        mov al, [_start + ecx]
        mov [input], al
        mov ebx, `+status+`
.end:   mov eax, 1
        int 0x80
section .bss
input:  resb 16
`, "", false)
	}
	if blocks, reason := equiv.Induct(source("1"), source("2")); reason == "" {
		t.Errorf("proved over %d blocks", blocks)
	}
}
