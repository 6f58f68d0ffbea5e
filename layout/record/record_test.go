package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/record"
	"tasm/program"
)

func assemble(t testing.TB, text string) *program.Program {
	t.Helper()
	files := &diag.Files{}
	p, messages := assembler.Assemble(files, files.Add("test.tasm", []byte(text)), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal(messages.Messages()[0])
	}
	return p
}

// quick ends searches soon: what is found does not matter here.
var quick = layout.Options{Effort: -8}

// searched are the samples that are golfed: rewritten, written anew, and for 64 bits.
var searched = []string{"echo.tasm", "hello.tasm", "pause.tasm"}

// TestSameAgain holds that what is read back is what was written, for all samples
// and layouts, also beside a program that was assembled anew.
func TestSameAgain(t *testing.T) {
	samples, err := filepath.Glob("../../samples/*.tasm")
	if err != nil || len(samples) < 10 {
		t.Fatal("no samples", err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("\ntarget ")) {
			continue // a flat binary
		}
		p, again := assemble(t, string(text)), assemble(t, string(text))
		for _, s := range layout.Strategies {
			if record.Key(p, s.Name, quick, "") != record.Key(again, s.Name, quick, "") {
				t.Errorf("%s, %s: two keys for one program", name, s.Name)
			}
			if s.Name == "golf" && !slices.Contains(searched, filepath.Base(name)) {
				continue
			}
			file, messages := s.Layout(p, quick)
			data, ok := record.Encode(p, file, messages)
			if !ok {
				t.Errorf("%s, %s: can't be kept", name, s.Name)
				continue
			}
			got, said, err := record.Decode(p, data)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, file) || !reflect.DeepEqual(said.Messages(), messages.Messages()) {
				t.Errorf("%s, %s: not the same when it is read", name, s.Name)
			}
			if got, _, err = record.Decode(again, data); err != nil || !bytes.Equal(got.Bytes, file.Bytes) {
				t.Errorf("%s, %s: not the same beside the program assembled again: %v", name, s.Name, err)
			}
		}
	}
}

const hello = `target linux/386
entry start
start:  mov eax, 1
        mov ebx, 7
        int 0x80
`

// TestKey holds that all that matters makes another key.
func TestKey(t *testing.T) {
	p := assemble(t, hello)
	keys := map[string]string{}
	add := func(what, key string) {
		if other, taken := keys[key]; taken {
			t.Errorf("%s and %s have one key", what, other)
		}
		keys[key] = what
	}
	add("the program", record.Key(p, "golf", layout.Options{}, "a"))
	add("another strategy", record.Key(p, "pack", layout.Options{}, "a"))
	add("another maker", record.Key(p, "golf", layout.Options{}, "b"))
	add("another loader", record.Key(p, "golf", layout.Options{Loader: "portable"}, "a"))
	add("another charge", record.Key(p, "golf", layout.Options{MaxCharge: 1 << 20}, "a"))
	add("an assumption", record.Key(p, "golf", layout.Options{Assume: []string{"write-all"}}, "a"))
	add("more effort", record.Key(p, "golf", layout.Options{Effort: 1}, "a"))
	for what, text := range map[string]string{
		"another number":   "        mov ebx, 8\n",
		"another register": "        mov ecx, 7\n",
		"another place":    "\n        mov ebx, 7\n",
		"another size":     "        mov bx, 7\n",
		"an address":       "        mov ebx, start\n",
	} {
		changed := bytes.Replace([]byte(hello), []byte("        mov ebx, 7\n"), []byte(text), 1)
		add(what, record.Key(assemble(t, string(changed)), "golf", layout.Options{}, "a"))
	}
}

// FuzzDecode holds that a record that was changed is refused or leaves everything
// within its bounds.
func FuzzDecode(f *testing.F) {
	p := assemble(f, hello)
	for _, s := range layout.Strategies {
		file, messages := s.Layout(p, quick)
		data, ok := record.Encode(p, file, messages)
		if !ok {
			f.Fatal("can't be kept")
		}
		f.Add(data)
	}
	f.Add([]byte(`{"Bytes":"AA==","Class":1,"Report":{},"Parts":[{"Fragment":{"Section":-1}}]}`))
	f.Add([]byte(`{"Bytes":"AA==","Class":1,"Report":{},"Parts":[{"Offset":1,"Size":9223372036854775807,"Kind":2}]}`))
	f.Add([]byte(`{"Bytes":"AA==","Class":1,"Report":{},"Messages":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _, err := record.Decode(p, data)
		if err != nil {
			return
		}
		for _, part := range file.Parts {
			_ = file.Bytes[part.Offset:][:part.Size]
			if part.Kind == layout.FragmentPart && part.Fragment.Source == nil {
				t.Error("a fragment of no statement")
			}
		}
	})
}
