package symbols

import (
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
)

const source = `target linux/386
section .text
_start: mov eax, 1
.part:  xor ebx, ebx
        int 0x80
section .data
a:
b:      dd 1, 2
n       equ 5
section .bss
room:   resb 100
`

func TestPlain(t *testing.T) {
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("x.tasm", []byte(source)), assembler.Options{Instructions: true})
	if said.Errors() > 0 {
		t.Fatal(said.Messages()[0])
	}
	file, _ := layout.Plain(p, layout.Options{})
	table := New(file, p, files)
	for address, want := range map[uint64]struct {
		name string
		line int
		code bool
	}{
		file.Entry:     {"_start", 3, true},
		file.Entry + 4: {"_start+4", 3, true},
		file.Entry + 5: {"_start.part", 4, true},
		file.Entry + 8: {"_start.part+3", 5, true},
		file.Entry + 9: {"", 0, false}, // behind the section
	} {
		line := 0
		if s := table.At(address); s != nil {
			line = s.Number
		}
		if got := table.Name(address); got != want.name || line != want.line || table.IsCode(address) != want.code {
			t.Errorf("%#x is %q of line %d, code %v; want %+v", address, got, line, table.IsCode(address), want)
		}
	}
	a, ok := table.Address("a")
	if s := table.At(a + 4); !ok || s == nil || s.Number != 8 || table.Name(a+5) != "a+5" || table.Section(a).Name != ".data" {
		t.Errorf("a is at %#x, line %+v, name %q", a, s, table.Name(a+5))
	}
	room, ok := table.Address("room")
	if !ok || table.Name(room+99) != "room+99" || table.Name(room+100) != "" || table.Section(room).Name != ".bss" {
		t.Errorf("room is at %#x, its end %q", room, table.Name(room+100))
	}
	if _, ok := table.Address("n"); ok {
		t.Error("a number has an address")
	}
	if at, ok := table.Line("", 5); !ok || at != file.Entry+7 {
		t.Errorf("line 5 is at %#x", at)
	}
	if n := len(table.Statements()); n != 3 {
		t.Errorf("%d statements of code", n)
	}
}

// TestPacked asks for labels in a file whose sections were taken apart.
func TestPacked(t *testing.T) {
	files := &diag.Files{}
	p, _ := assembler.Assemble(files, files.Add("x.tasm", []byte(source)), assembler.Options{Instructions: true})
	file, _ := layout.Pack(p, layout.Options{})
	table := New(file, p, files)
	at, ok := table.Address("_start.part")
	if s := table.At(at); !ok || s == nil || s.Number != 4 {
		t.Errorf("_start.part is at %#x, line %+v", at, s)
	}
}
