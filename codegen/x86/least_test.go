package x86

import "testing"

// TestLeast compares Least with lengths counted by hand.
func TestLeast(t *testing.T) {
	for _, c := range []struct {
		mnemonic, syntax string
		want             int
	}{
		{"add", "ADD r/m8, imm8", 3}, {"add", "ADD r/m32, imm8", 3}, {"add", "ADD EAX, imm32", 5}, {"add", "ADD r/m16, imm16", 5},
		{"add", "ADD r/m64, imm8", 4}, {"mov", "MOV r32, imm32", 5}, {"mov", "MOV r64, imm64", 10}, {"mov", "MOV AL, moffs8", 5},
		{"push", "PUSH r64", 1}, {"movzx", "MOVZX r32, r/m8", 3}, {"syscall", "SYSCALL", 2}, {"addps", "ADDPS xmm, xmm/m128", 3},
	} {
		found := false
		for _, f := range Forms(LookupMnemonic(c.mnemonic)) {
			if f.Syntax() == c.syntax && !f.Alternative() {
				found = true
				if got := f.Least(); got != c.want {
					t.Errorf("%s: %d bytes, want %d", c.syntax, got, c.want)
				}
				break
			}
		}
		if !found {
			t.Errorf("there is no form %s", c.syntax)
		}
	}
}
