package machine

import (
	"encoding/hex"
	"testing"

	"tasm/codegen/x86"
)

// TestAPXIsUnclear: an instruction of APX has a mnemonic and operands like one that is
// modelled, and yet another effect.
func TestAPXIsUnclear(t *testing.T) {
	for _, code := range []string{
		"d55889d1",       // mov r17, r18
		"d5108b01",       // mov eax, [r17]: in the address alone
		"62f4fc0c01d8",   // {nf} add rax, rbx
		"62f4fc1c83c305", // {nf} add rax, rbx, 5
		"d500f8",         // {rex2} clc
	} {
		bytes, _ := hex.DecodeString(code)
		var d x86.Decoded
		if !x86.Decode(64, bytes, 0, &d) {
			t.Errorf("%s: not read", code)
			continue
		}
		if e := NewState(NewTerms(), 64).Step(&d); e.Kind != Unclear {
			t.Errorf("%s: %s is carried out", code, d.String())
		}
	}
}
