package oci

import (
	"bytes"
	"slices"
	"testing"
)

// TestFill lets bytes of a program be anything: they become copies of others, the layer
// gets smaller, and nothing else changes.
func TestFill(t *testing.T) {
	program := append(append([]byte("\x7fELF address!"), make([]byte, 8)...), hello70...)
	free := Free{Allowed: func([]byte) bool { return true }}
	for i := range 8 {
		free.Offsets = append(free.Offsets, 13+i)
	}
	program[13], program[20] = 0xfe, 0xfd
	spec := helloSpec()
	before := build(t, Portable, spec, program).Sizes().Layer
	old := slices.Clone(program)
	got := free.fill(program)
	if !bytes.Equal(program, old) {
		t.Error("the program itself was changed")
	}
	if !bytes.Equal(got[:13], program[:13]) || !bytes.Equal(got[21:], program[21:]) {
		t.Errorf("other bytes were changed:\n%x\n%x", program, got)
	}
	spec.Free = free
	if after := build(t, Portable, spec, program).Sizes().Layer; after >= before {
		t.Errorf("%d bytes, and %d before", after, before)
	}
	free.Allowed = func([]byte) bool { return false }
	if got := free.fill(program); !bytes.Equal(got, program) {
		t.Error("what is not allowed was changed")
	}
}

func BenchmarkFill(b *testing.B) {
	f := Free{Offsets: []int{8, 9, 10, 11, 12, 13, 14, 23, 46, 47}, Allowed: func([]byte) bool { return true }}
	for b.Loop() {
		f.fill(hello70)
	}
}
