package x86

import "testing"

// TestTerse holds instructions that nobody wants explained against those that are:
// whether there is an encoding, and whether only the mode is wrong, stays the same.
func TestTerse(t *testing.T) {
	al, ebx, rax := LookupRegister("al"), LookupRegister("ebx"), LookupRegister("rax")
	for _, operands := range [][]Operand{
		{{Kind: RegisterOperand, Register: al}, {Kind: RegisterOperand, Register: ebx}},
		{{Kind: RegisterOperand, Register: rax}, {Kind: RegisterOperand, Register: rax}},
		{{Kind: RegisterOperand, Register: ebx}, {Kind: RegisterOperand, Register: ebx}},
		{{Kind: MemoryOperand}, {Kind: ImmediateOperand}},
	} {
		var out Encoding
		in := Instruction{Mnemonic: LookupMnemonic("mov"), Bits: 32, Operands: operands}
		full := Encode(&in, &out)
		in.Terse = true
		terse := Encode(&in, &out)
		if (full == nil) != (terse == nil) {
			t.Errorf("%v: %v, in short %v", operands, full, terse)
			continue
		}
		if full != nil && (full.Needs64() != terse.Needs64() || full.Distance != terse.Distance || len(terse.Notes) > 0) {
			t.Errorf("%v: %+v, in short %+v", operands, full, terse)
		}
	}
}
