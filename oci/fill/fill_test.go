package fill

import (
	"bytes"
	"slices"
	"testing"

	"tasm/oci/deflate"
)

// tail is what follows the free bytes: headers as in a small program.
var tail = []byte("\x7fELF address!\xc0\x0f\x00\x00\xc0\x0f\x93\x35\x02\x00\x03\x00@`\xb2\x18\x14\x00\x93\x35\x04\x00\x00\x00")

// TestFill lets bytes of a program be anything: they become copies of others, it
// compresses to less, and nothing else changes.
func TestFill(t *testing.T) {
	program := append(append([]byte("\x7fELF address!"), make([]byte, 8)...), tail...)
	free := Free{Allowed: func([]byte) bool { return true }}
	for i := range 8 {
		free.Offsets = append(free.Offsets, 13+i)
	}
	program[13], program[20] = 0xfe, 0xfd
	old := slices.Clone(program)
	got := free.Fill(program)
	if !bytes.Equal(program, old) {
		t.Error("the program itself was changed")
	}
	if !bytes.Equal(got[:13], program[:13]) || !bytes.Equal(got[21:], program[21:]) {
		t.Errorf("other bytes were changed:\n%x\n%x", program, got)
	}
	if after, before := deflate.FixedBits(got), deflate.FixedBits(program); after >= before {
		t.Errorf("%d bits, and %d before", after, before)
	}
	free.Allowed = func([]byte) bool { return false }
	if got := free.Fill(program); !bytes.Equal(got, program) {
		t.Error("what is not allowed was changed")
	}
}

func BenchmarkFill(b *testing.B) {
	f := Free{Offsets: []int{8, 9, 10, 11, 12, 13, 14, 23, 46, 47}, Allowed: func([]byte) bool { return true }}
	for b.Loop() {
		f.Fill(append(slices.Clone(tail), tail...))
	}
}
