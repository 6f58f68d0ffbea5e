package layout

import (
	"math/rand/v2"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/program"
)

// assembled assembles a source, whose instructions are kept.
func assembled(t testing.TB, source string) *program.Program {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("source", []byte(source)), assembler.Options{Instructions: true})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages())
	}
	return p
}

// TestFallBack golfs programs that can't be, or only in part: the report says
// which layout came of it, and why.
func TestFallBack(t *testing.T) {
	const head = "target linux/386\nentry _start\nsection .text\n_start:\n"
	for name, c := range map[string]struct{ source, layout, reason string }{
		"another process": {head + "sys fork\ntest eax, eax\njz .child\nsys exit, 1\n.child: sys exit, 2",
			"pack", "what the program does can't be established: it calls fork"},
		"an exception": {head + "sys getpid\nmov ebx, [0]\nsys exit, ebx",
			"pack", "what the program does can't be established"},
		"a computed jump": {head + "pop ecx\nand ecx, 1\njmp [.table + 4 * ecx]\n.even: sys exit, 1\n.odd: sys exit, 2\n.table: dd .even, .odd",
			"plain", "the program goes to a computed address"},
		"much data": {head + "sys write, 1, much, 2000000\nsys exit, 0\nsection .rodata\nmuch: times 2000000 db 1",
			"plain", "the program is larger than 1048576 bytes"},
		"some data": {head + "sys write, 1, some, 300\nsys exit, 0\nsection .rodata\nsome: times 300 db 'a'",
			"golf", "not written anew: that is done for programs below 256 bytes"},
		"much code": {programs.Long(rand.New(rand.NewPCG(1, 1)), "linux/386", 2500),
			"golf", "those with more than 8192 are not rewritten"},
	} {
		t.Run(name, func(t *testing.T) {
			file, said := Golf(assembled(t, c.source), Options{Effort: -8})
			if file == nil {
				t.Fatal(said.Messages())
			}
			if r := file.Report; r.Layout != c.layout || !strings.Contains(strings.Join(r.Reasons, "\n"), c.reason) {
				t.Errorf("%s, %s: %q", r.Layout, r.Method, r.Reasons)
			}
		})
	}
}
