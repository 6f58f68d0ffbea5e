package crash

import (
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/symbols"
	"tasm/vm"
)

// TestMisnumbered tells of the other ABI's number where the arguments were made for its
// call, and not where a pointer is bad.
func TestMisnumbered(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"target linux/amd64\nmov eax, 4\nmov edi, 1\nmov esi, m\nmov edx, 3\nsyscall", "number 4 is stat in the ABI of this call, x86-64, and write in the other one, i386"},
		{"target linux/amd64\nmov eax, 4\nmov ebx, 1\nmov ecx, m\nmov edx, 3\nsyscall", "number 4 is stat"},
		{"target linux/amd64\nmov eax, 9999\nsyscall", ""},
		{"target linux/amd64\nsys write, 1, 70000, 5", ""},
		{"target linux/386\nsys write, 1, 70000, 5", ""},
		{"target linux/386\nsys read, 0, 0, 5", ""},
		{"target linux/386\nsys open, 123, 0", ""},
	} {
		files := &diag.Files{}
		source := c.source + "\nmov eax, [0]\nsection .data\nm: db 'abc'\n"
		p, said := assembler.Assemble(files, files.Add("source", []byte(source)), assembler.Options{Instructions: true})
		if said.Errors() > 0 {
			t.Fatalf("%s: %v", source, said.Messages()[0])
		}
		file, _ := layout.Plain(p, layout.Options{})
		var failed Misnumbered
		v, err := vm.New(file.Bytes, vm.Options{Args: []string{"program"}, MaxSteps: 1000, Record: 1000, Called: failed.Note})
		if err != nil {
			t.Fatal(err)
		}
		for v.Step() {
		}
		table := symbols.New(file, p, files)
		m := Explain(v, table)
		failed.Tell(m, table)
		got := ""
		for _, n := range m.Notes {
			if strings.Contains(n.Text, "ABI") {
				got = n.Text
			}
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", source, got, c.want)
		}
	}
}
