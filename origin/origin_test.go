package origin_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/origin"
	"tasm/symbols"
)

const hello = `target linux/386
_start: mov eax, 4
mov ebx, 1
mov ecx, msg
mov edx, 24
int 0x80
mov eax, 1
mov ebx, 0
int 0x80
section .rodata
msg: db "Hi IDBS Engineering! RE", 10
`

// complete golfs a source and completes the file.
func complete(t *testing.T, source string) (*layout.File, *symbols.Table, *diag.Files) {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("a.tasm", []byte(source)), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal(said.Messages())
	}
	file, said := layout.Golf(p, layout.Options{})
	if file == nil {
		t.Fatal(said.Messages())
	}
	whole := origin.Complete(file, p)
	return whole, symbols.New(whole, p, files), files
}

// TestComplete finds the lines that a program written anew stands for: that of each call,
// each register that is set for one, and the message.
func TestComplete(t *testing.T) {
	file, table, files := complete(t, hello)
	if !strings.Contains(file.Report.Method.String(), "anew") {
		t.Fatalf("this is to be about code written anew, not %s", file.Report.Method)
	}
	found := map[int]bool{}
	idle := 0
	for i := range file.Parts {
		part := &file.Parts[i]
		if part.Source != nil && part.Kind == layout.CodePart {
			t.Errorf("a statement begins at %#x", part.Offset)
		}
		for _, s := range part.Also {
			found[files.Position(s.Range).Line] = true
		}
		if strings.Contains(part.Why, "nothing needs") {
			idle++
			if part.Also != nil {
				t.Errorf("%#x is needed by nothing and stands for %v", part.Offset, part.Also)
			}
		}
	}
	for line := 2; line <= 9; line++ {
		if !found[line] {
			t.Errorf("nothing stands for line %d", line)
		}
	}
	if idle == 0 {
		t.Error("every instruction is needed: then look for another sample")
	}
	if address, ok := table.Address("msg"); !ok || !slices.ContainsFunc(file.Parts, func(p layout.Part) bool { return p.Kind == layout.DataPart && p.Address == address }) {
		t.Errorf("msg lies at %#x, %v", address, ok)
	}
	if _, ok := table.Address("_start"); ok {
		t.Error("_start lies where nothing of it is")
	}
}

// TestSame leaves alone what has its statements.
func TestSame(t *testing.T) {
	files := &diag.Files{}
	p, _ := assembler.Assemble(files, files.Add("a.tasm", []byte(hello)), assembler.Options{})
	file, _ := layout.Plain(p, layout.Options{})
	if origin.Complete(file, p) != file {
		t.Error("a plain file is another one")
	}
}

// TestArguments finds a line that only a run with arguments comes to: echo writes them.
func TestArguments(t *testing.T) {
	source, err := os.ReadFile("../samples/echo.tasm")
	if err != nil {
		t.Fatal(err)
	}
	line := 1 + strings.Count(string(source[:strings.Index(string(source), "sys     write, 1, esi, edx")]), "\n")
	file, _, files := complete(t, string(source))
	for i := range file.Parts {
		for _, s := range file.Parts[i].Also {
			if files.Position(s.Range).Line == line {
				return
			}
		}
	}
	t.Errorf("nothing stands for line %d", line)
}
