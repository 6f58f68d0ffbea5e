package x86

import (
	"bytes"
	"fmt"
	"testing"
)

// TestFormat assembles with nasm what Decode and String make of the bytes that
// Encode chose: they must be the bytes again.
func TestFormat(t *testing.T) {
	known := readDifferences(t, "differences.txt")
	for _, bits := range []int{32, 64} {
		var list []line
		var want [][]byte
		for _, l := range fewLines(bits) {
			var e Encoding
			var d Decoded
			if Encode(&l.in, &e) != nil || len(e.Fixups()) > 0 || reused.MatchString(l.text) || !Decode(bits, e.Code(), 0, &d) {
				continue
			}
			if e.Form.opcode.nfields > 0 && e.Form.opcode.fields[0].kind == relativeField {
				continue // a number as target is relative to nothing in nasm
			}
			var again Encoding
			if Encode(&d.Instruction, &again) != nil || !bytes.Equal(again.Code(), e.Code()) {
				continue // not the shortest encoding, or an alias
			}
			list = append(list, line{text: d.String(), in: Instruction{Bits: bits}})
			want = append(want, bytes.Clone(e.Code()))
		}
		failures := 0
		for i, a := range nasmBytes(t, t.TempDir(), fmt.Sprintf("bits %d", bits), list) {
			if !bytes.Equal(a.code, want[i]) && !known.cover(&list[i], "refuses") && !known.cover(&list[i], "differs") {
				if failures++; failures < 40 {
					t.Errorf("%d bits: % x reads as %q, of which nasm makes % x%s", bits, want[i], list[i].text, a.code, a.refused)
				}
			}
		}
		if len(list) < 1000 {
			t.Errorf("only %d lines", len(list))
		}
	}
}
