package golf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
)

// TestPrograms lays out programs as people write them, in programs/*.tasm, in all
// ways. Each way gives no larger a file than the one before, and all files do the
// same; a program is golfed unless its first line begins with "; packed" or
// "; plain", and says why not. One that begins with "; unchecked" has no meaning if
// nothing can be read, which a warning tells.
func TestPrograms(t *testing.T) {
	list, err := filepath.Glob("programs/*.tasm")
	if err != nil || len(list) == 0 {
		t.Fatal("no programs: ", err)
	}
	trials := []trial{
		{}, {args: []string{"7", "x"}, stdin: "Hello 12 World\nfoo\n"}, {args: []string{"12", "+", "30"}, stdin: "5\n3 4\n"},
		{args: []string{"programs_test.go"}, stdin: strings.Repeat("z", 40)}, {full: true, args: []string{"a"}, stdin: "q\n"}, {directory: true},
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".tasm"), func(t *testing.T) {
			t.Parallel()
			testProgram(t, name, trials)
		})
	}
}

func testProgram(t *testing.T, name string, trials []trial) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add(name, text), assembler.Options{Instructions: true})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages()[0].Text)
	}
	head, _, _ := strings.Cut(string(text), " because")
	if head == "; unchecked" {
		trials = slices.DeleteFunc(slices.Clone(trials), func(r trial) bool { return r.directory || r.stdin == "" })
	}
	var sizes []int
	var last *layout.File
	var want []outcome
	for _, s := range layout.Strategies {
		file, said := s.Layout(p, layout.Options{Effort: -8})
		if file == nil {
			t.Fatalf("%s: %s", s.Name, said.Messages()[0].Text)
		}
		for i, r := range trials {
			got := r.run(t, file.Bytes)
			if got.seconds = 0; s.Name == "plain" {
				want = append(want, got)
			} else if got != want[i] {
				t.Errorf("%s, %+v: %+v became %+v", s.Name, r, want[i], got)
			}
		}
		sizes, last = append(sizes, len(file.Bytes)), file
		warned := slices.ContainsFunc(said.Messages(), func(m *diag.Message) bool { return m.Code == "unchecked" })
		if s.Name == "golf" && warned != (head == "; unchecked") {
			t.Errorf("warned: %v", warned)
		}
		for _, reason := range file.Report.Reasons {
			if strings.Contains(reason, "internal error") {
				t.Error(reason)
			}
		}
	}
	if r := last.Report; int64(len(last.Bytes)) < r.Bound || r.Bound == 0 {
		t.Errorf("%d bytes, and a bound of %d of %s", len(last.Bytes), r.Bound, r.Space)
	}
	t.Log(sizes, last.Report.Method, last.Report.Checked, last.Report.Reasons)
	plain, pack, golf := sizes[0], sizes[1], sizes[2]
	expected := golf < pack && pack <= plain
	switch head {
	case "; packed":
		expected = golf == pack && pack < plain
	case "; plain":
		expected = golf == pack && pack == plain
	}
	// The result of this one reads an argument further than the original does on the way
	// to the same cut.
	if named := strings.TrimSuffix(filepath.Base(name), ".tasm"); golf < pack && !strings.HasPrefix(last.Report.Checked, "proved") && named != "arguments" {
		t.Errorf("not proved: %v", last.Report.Reasons)
	}
	if !expected {
		t.Errorf("plain, pack and golf have %d, %d and %d bytes: %v", plain, pack, golf, last.Report.Reasons)
	}
}
