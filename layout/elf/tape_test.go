package elf

import (
	"bytes"
	"testing"
)

// TestTape holds what a tape says of its bytes against files.
func TestTape(t *testing.T) {
	const entry = 8
	p := Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 48}
	tape, _ := NewTape(p, Linux)
	if tape == nil {
		t.Fatal("there is no such file")
	}
	from := tape.From(entry)
	if from == nil {
		t.Fatalf("no file begins at %d", entry)
	}
	if known, value := tape.Start(entry); !bytes.Equal(known, from.Known) || !bytes.Equal(value, from.Value) {
		t.Errorf("from %d: % x of % x, not % x of % x", entry, value, known, from.Value, from.Known)
	}
	for at, known := range from.Known {
		if tape.Known[at]&^known != 0 || (tape.Value[at]^from.Value[at])&tape.Known[at] != 0 {
			t.Errorf("byte %d is decided without an entry, and otherwise with one", at)
		}
		for value := range 256 {
			allowed := from.Allows(at, byte(value))
			if allowed != from.Try(func(m *Model) bool { return m.Set(at, 0xff, byte(value)) }) {
				t.Errorf("byte %d, value %#x: allowed %v", at, value, allowed)
			}
			if allowed != from.Allows(at, byte(value)) {
				t.Errorf("byte %d, value %#x: allowed %v, and then not", at, value, allowed)
			}
			if agrees := (byte(value)^from.Value[at])&known == 0; allowed && !agrees {
				t.Errorf("byte %d, value %#x: allowed, but decided otherwise", at, value)
			}
		}
	}
	if !from.Allows(len(from.Known), 0xff) {
		t.Error("the byte behind the headers is not free")
	}
	mask, want := make([]byte, p.Size), make([]byte, p.Size)
	free := 0
	for from.Known[free] != 0 || !from.Allows(free, 0x90) {
		free++
	}
	mask[free], want[free] = 0xff, 0x90
	headers, ok := Headers(p, Linux, entry, mask, want)
	if !ok || headers[free] != 0x90 || int(Get(Class32, headers, EEntry)&(PageSize-1)) != entry {
		t.Fatalf("% x, %v", headers, ok)
	}
	if broken := Check(Linux, append(headers, make([]byte, p.Size)...)[:p.Size]); len(broken) > 0 {
		t.Error(broken)
	}
	want[0], mask[0] = 0x90, 0xff
	if _, ok := Headers(p, Linux, entry, mask, want); ok {
		t.Error("headers without the magic bytes")
	}
}

// TestPlacements lists no header that reaches beyond the file.
func TestPlacements(t *testing.T) {
	for _, c := range []struct {
		class Class
		size  int64
		want  int
	}{{Class32, 0, 2 * 53}, {Class32, 45, 2 * 14}, {Class32, 32, 2}, {Class32, 31, 0}, {Class64, 0, 2 * 65}, {Class64, 4096, 2 * 65}} {
		list := Placements(c.class, c.size)
		if len(list) != c.want {
			t.Errorf("%v, %d bytes: %d placements, not %d", c.class, c.size, len(list), c.want)
		}
		for _, p := range list {
			if c.size > 0 && p.tableEnd() > c.size {
				t.Errorf("%v ends at %d, in %d bytes", p, p.tableEnd(), c.size)
			}
		}
	}
}
