package x86

import (
	"slices"
	"testing"
)

// TestDecodeIndex holds what the lanes of the index find, by the text of the rows,
// against a search through all forms.
func TestDecodeIndex(t *testing.T) {
	var want [2][256][]*Form
	vex, apx := map[uint16][]*Form{}, map[uint16][]*Form{}
	forms := allForms()
	for m := range instructionSet().mnemonics {
		forms = append(forms, ExtendedForms(Mnemonic(m))...)
	}
	for _, f := range forms {
		op := &f.opcode
		if op.count == 0 || op.wait || f.short {
			continue
		}
		if op.vex != noVEX {
			key := vexKey(op.vex, op.vexMap, op.bytes[0])
			if f.Extended() {
				apx[key] = append(apx[key], f)
			} else {
				vex[key] = append(vex[key], f)
			}
			continue
		}
		escape, first := 0, op.bytes[0]
		if first == 0x0F && op.count > 1 {
			escape, first = 1, op.bytes[1]
		}
		want[escape][first] = append(want[escape][first], f)
		for n := byte(1); n < 8 && op.register && int(op.count) == escape+1; n++ {
			want[escape][first+n] = append(want[escape][first+n], f)
		}
	}
	x := decodeIndex()
	found := 0
	for escape := range want {
		for b, list := range want[escape] {
			slices.SortStableFunc(list, decodeOrder)
			if got := x.legacy(escape, byte(b)); !slices.Equal(got, list) {
				t.Errorf("escape %d, opcode %02X: %d forms, want %d", escape, b, len(got), len(list))
			}
			found += len(list)
		}
	}
	for _, c := range []struct{ got, want map[uint16][]*Form }{{x.vex(), vex}, {x.apx(), apx}} {
		for key, list := range c.want {
			slices.SortStableFunc(list, decodeOrder)
			if !slices.Equal(c.got[key], list) {
				t.Errorf("VEX %#x: %d forms, want %d", key, len(c.got[key]), len(list))
			}
		}
		if len(c.got) != len(c.want) {
			t.Errorf("%d and %d keys of VEX", len(c.got), len(c.want))
		}
	}
	if found < 2000 || len(vex) < 500 || len(apx) < 60 {
		t.Errorf("%d forms, %d and %d keys of VEX", found, len(vex), len(apx))
	}
}
