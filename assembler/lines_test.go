package assembler

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"tasm/program"
)

// lastSection assembles a flat binary and returns its last section.
func lastSection(t *testing.T, source string) *program.Section {
	t.Helper()
	p, messages := assemble(t, source, Options{Flat: true})
	if p == nil {
		t.Fatal(texts(messages))
	}
	return p.Sections[len(p.Sections)-1]
}

// TestJoinedFields: bytes and fields of statements that follow one another are one
// fragment, with the fields at their places.
func TestJoinedFields(t *testing.T) {
	s := lastSection(t, "bits 32\na: dd b\n times 3 db 1\n mov eax, [a+2]\nb: jmp 5\n")
	if len(s.Fragments) != 1 || s.Fragments[0].Size != 17 || len(s.Fragments[0].Fixups) != 3 {
		t.Fatalf("%+v", s.Fragments)
	}
	for i, want := range []struct {
		offset, end int32
		n           int64
	}{{0, 0, 12}, {8, 12, 2}, {13, 17, 5}} {
		f := &s.Fragments[0].Fixups[i]
		if f.Offset != want.offset || f.Value.N != want.n || i > 0 && f.End != want.end {
			t.Errorf("field %d: offset %d, end %d, value %d; want %+v", i, f.Offset, f.End, f.Value.N, want)
		}
	}
}

// TestFieldsOfCalls: what is said of a field names the calls that it comes from, so
// fields of different calls stand in different fragments.
func TestFieldsOfCalls(t *testing.T) {
	s := lastSection(t, "%macro two 0\n dd a\n dd a\n%endmacro\na: two\n two\n db 1\n db 2\n")
	var got []string
	for i := range s.Fragments {
		f := &s.Fragments[i]
		got = append(got, fmt.Sprint(f.Offset, len(f.Bytes), len(f.Fixups), f.Source.Expansion != nil))
	}
	if want := "0 8 2 true, 8 8 2 true, 16 2 0 false"; strings.Join(got, ", ") != want {
		t.Errorf("fragments %s, want %s", strings.Join(got, ", "), want)
	}
}

// TestJoinedRoom: room without contents is one fragment too, up to a bound.
func TestJoinedRoom(t *testing.T) {
	s := lastSection(t, "section .bss\n resb 3\n times 2 resd 1\n resb 65536\n resb 1\n")
	var got []string
	for i := range s.Fragments {
		f := &s.Fragments[i]
		got = append(got, fmt.Sprint(f.Offset, f.Size, f.Repeat, f.Kind == program.Space))
	}
	if want := "0 11 1 true, 11 65536 1 true, 65547 1 1 true"; strings.Join(got, ", ") != want {
		t.Errorf("fragments %s, want %s", strings.Join(got, ", "), want)
	}
}

// allocated returns how much memory an assembly asks for, a line of the source.
func allocated(t *testing.T, line string, lines int) uint64 {
	t.Helper()
	source := "bits 32\na:\n" + strings.Repeat(line, lines)
	lastSection(t, source) // reads the tables
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	lastSection(t, source)
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc-before.TotalAlloc)/uint64(lines) - uint64(len(line))
}

// TestMemoryOfLines bounds what kinds of lines cost, the source's text aside: by a third
// more than measured.
func TestMemoryOfLines(t *testing.T) {
	for line, most := range map[string]uint64{
		" mov eax, ebx\n":                      48,
		" db 1, 2, 3\n":                        48,
		" jmp a\n":                             100,
		" mov eax, [a+ebx*4]\n":                340,
		"section x\n db 1\n":                   1200,
		"section x\n db 1\nsection y\n dd a\n": 2400,
	} {
		if got := allocated(t, line, 10_000); got > most {
			t.Errorf("%q takes %d bytes, more than %d", line, got, most)
		} else {
			t.Logf("%q takes %d bytes", line, got)
		}
	}
}
