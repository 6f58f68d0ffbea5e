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
	headers := Headers(p, Linux, entry, mask, want)
	if headers == nil || headers[free] != 0x90 || int(Get(Class32, headers, EEntry)&(PageSize-1)) != entry {
		t.Fatalf("% x", headers)
	}
	if broken := Check(Linux, append(headers, make([]byte, p.Size)...)[:p.Size]); len(broken) > 0 {
		t.Error(broken)
	}
	want[0], mask[0] = 0x90, 0xff
	if Headers(p, Linux, entry, mask, want) != nil {
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

// TestCheapest makes files that could not ask for less.
func TestCheapest(t *testing.T) {
	for _, p := range []Placement{
		{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1, Size: 60},
		{Class: Class32, Type: TypeExec, Phoff: 32, Phnum: 1, Size: 80},
		{Class: Class64, Type: TypeExec, Phoff: 24, Phnum: 1, Size: 90},
		{Class: Class64, Type: TypeDyn, Phoff: 56, Phnum: 1, Size: 120},
	} {
		for _, needs := range []Needs{{}, {Write: true}, {Zeros: 5000}} {
			l := Linux.For(needs)
			entry := int(p.Size) - 2
			try := func(l *Loader) []byte {
				if headers := Headers(p, l, entry, nil, nil); headers != nil {
					return append(headers, make([]byte, p.Size)...)[:p.Size]
				}
				return nil
			}
			file := Cheapest(l, p.Class, try)
			if file == nil {
				if try(l) != nil {
					t.Errorf("%v, %+v: nothing was made", p, needs)
				}
				continue
			}
			f := Finish(p, entry, file)
			t.Logf("%v, %+v: %+v", p, needs, f.Ask)
			if broken := Check(l, file); len(broken) > 0 {
				t.Errorf("%v, %+v: %v", p, needs, broken)
			}
			if less := (f.Charge - 1) / PageSize * PageSize; f.Charge > 0 && try(l.WithCharge(less)) != nil {
				t.Errorf("%v, %+v: fewer pages than those of %d bytes would do", p, needs, f.Charge)
			}
			if try(l.WithCharge(f.Charge)) == nil {
				t.Errorf("%v, %+v: it commits more than %d bytes", p, needs, f.Charge)
			}
			if f.Address+uint64(entry) != Get(p.Class, file, EEntry) {
				t.Errorf("%v, %+v: it lies at %#x, and begins at %#x", p, needs, f.Address, Get(p.Class, file, EEntry))
			}
			if needs.Write && f.Charge == 0 {
				t.Errorf("%v: what can be written commits nothing", p)
			}
		}
	}
}

// TestAligned asks for what follows from a sum that has to end a page.
func TestAligned(t *testing.T) {
	p := Placement{Class: Class32, Type: TypeExec, Phoff: 4, Phnum: 1}
	c, ok := Classify(p, linux510, single)
	if !ok {
		t.Fatal("there is no such file")
	}
	for at, added := range c.Added() {
		if want := at == 12 || at == 13 || at == 20 || at == 21; added != want {
			t.Errorf("byte %d is added to others: %v", at, added)
		}
	}
	m, _ := NewModel(p, linux510, single)
	if !m.SetEntry(13) || !m.Set(20, 0xff, 0xb9) || !m.Set(21, 0x0f, 0x0e) {
		t.Fatal("no file has such a p_filesz")
	}
	for at, want := range map[int]byte{8: 0x47, 9: 0x01, 12: 0x47} {
		if known, value := m.Byte(at); known != 0xff || value != want {
			t.Errorf("byte %d: %#x of %#x, not %#x", at, value, known, want)
		}
	}
	if known, value := m.Byte(13); known&0x0f != 0x0f || value&0x0f != 0x01 {
		t.Errorf("byte 13: %#x of %#x, which does not end in 1", value, known)
	}
	if m.Set(13, 0xff, 0x7f) {
		t.Error("a segment that ends in its page")
	}
}
