package layout

import (
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
)

// TestObstacles asks which line is in the way of golfing a program, and for advice.
func TestObstacles(t *testing.T) {
	for _, c := range []struct {
		line   int
		advice bool
		source string
	}{
		{2, true, "mov ebx, 5\nmov al, [_start]\nmov ebx, eax\nmov eax, 1\nint 0x80"},
		{1, true, "ret"},
		{3, true, "mov eax, 20\nint 0x80\njmp eax"},
		{6, true, "push ss\npop ss\nmov eax, 48\nmov ebx, 10\nxor edx, edx\nmov ecx, _start\nint 0x80\nmov eax, 1\nint 0x80"},
		{3, false, "mov eax, 20\nmov ecx, eax\nlsl ebx, ecx\nint 0x80\nmov eax, 1\nint 0x80"},
	} {
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add("obstacle", []byte("target linux/386\n_start:\n"+c.source+"\n")), assembler.Options{Instructions: true})
		if said.Errors() > 0 {
			t.Fatal(said.Messages()[0].Text)
		}
		for _, s := range Strategies[1:] {
			file, _ := s.Layout(p, Options{Effort: -8})
			var lines []int
			for _, o := range file.Report.Obstacles {
				lines = append(lines, files.Position(o.Range).Line-2)
				if (o.Advice != "") != c.advice || strings.Contains(o.Advice, "%") {
					t.Errorf("%s: %s, %q", c.source, o.Reason, o.Advice)
				}
			}
			if len(lines) != 1 || lines[0] != c.line {
				t.Errorf("%s, %s: lines %v, not %d, because %q", c.source, s.Name, lines, c.line, file.Report.Reasons)
			}
		}
	}
}
