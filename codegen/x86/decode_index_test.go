package x86

import (
	"slices"
	"testing"
)

// TestDecodeIndex holds what the lanes of the index find, by the text of the rows,
// against a search through all forms.
func TestDecodeIndex(t *testing.T) {
	var want [2][256][]*Form
	vex := map[uint16][]*Form{}
	for _, f := range allForms() {
		op := &f.opcode
		if op.count == 0 || op.wait || f.short {
			continue
		}
		if op.vex != noVEX {
			key := vexKey(op.vex, op.vexMap, op.bytes[0])
			vex[key] = append(vex[key], f)
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
	got := x.vex()
	for key, list := range vex {
		slices.SortStableFunc(list, decodeOrder)
		if !slices.Equal(got[key], list) {
			t.Errorf("VEX %#x: %d forms, want %d", key, len(got[key]), len(list))
		}
	}
	if found < 2000 || len(got) != len(vex) || len(vex) < 500 {
		t.Errorf("%d forms, %d and %d keys of VEX", found, len(got), len(vex))
	}
}
