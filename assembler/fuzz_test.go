package assembler

import (
	"os"
	"path/filepath"
	"testing"

	"tasm/diag"
	"tasm/program"
)

// FuzzAssemble assembles whatever bytes come: there must be a program or an
// error, every place that a message names must lie inside its file, and a
// program's fragments must be where they say they are.
func FuzzAssemble(f *testing.F) {
	samples, err := filepath.Glob("../samples/*.tasm")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples to start from: %v", err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Add([]byte("a: times 1-(x-a) nop\nx:"), true)
	f.Add([]byte("%macro m 0\nm\n%endmacro\nm"), true)
	f.Add([]byte("%rep 3\nx%+__?LINE?__: jmp x%+__?LINE?__\n%endrep"), false)
	f.Add([]byte("struc s\n.a resb 4\n.b resd 1\nendstruc\nmov eax,[ebx+s.b]"), true)
	f.Add([]byte("target linux/amd64\nsys write, rsi, rdi, [rsp+8*rcx]"), false)
	f.Fuzz(func(t *testing.T, text []byte, flat bool) {
		if len(text) > 1<<12 {
			return
		}
		var files diag.Files
		p, messages := Assemble(&files, files.Add("fuzz.tasm", text), Options{
			Flat:         flat,
			Instructions: true,
			ReadFile: func(name string) ([]byte, error) {
				return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
			},
		})
		if (p == nil) != (messages.Errors() > 0) {
			t.Fatalf("program is %v with %d errors", p, messages.Errors())
		}
		for _, m := range messages.Messages() {
			checkRange(t, &files, m.Range)
			for _, n := range m.Notes {
				checkRange(t, &files, n.Range)
			}
		}
		if p != nil {
			for _, s := range p.Sections {
				checkFragments(t, s)
			}
		}
	})
}

func checkRange(t *testing.T, files *diag.Files, r diag.Range) {
	if r.IsZero() {
		return
	}
	if size := len(files.Text(r.File)); r.Start < 0 || r.Start > r.End || int(r.End) > size {
		t.Fatalf("a message names bytes %d to %d of %d", r.Start, r.End, size)
	}
}

func checkFragments(t *testing.T, s *program.Section) {
	offset := int64(0)
	for i := range s.Fragments {
		f := &s.Fragments[i]
		if f.Offset != offset {
			t.Fatalf("%s: fragment %d is at %d, not %d", s.Name, i, f.Offset, offset)
		}
		if f.Kind != program.Space && int64(len(f.Bytes)) != f.Size {
			t.Fatalf("%s: fragment %d has %d bytes of %d", s.Name, i, len(f.Bytes), f.Size)
		}
		for _, x := range f.Fixups {
			if x.Offset < 0 || int64(x.Offset)+int64(x.Size) > f.Size {
				t.Fatalf("%s: fragment %d has a field at %d", s.Name, i, x.Offset)
			}
		}
		offset += f.Size * f.Repeat
	}
	if offset != s.Size {
		t.Fatalf("%s: fragments end at %d of %d", s.Name, offset, s.Size)
	}
}
