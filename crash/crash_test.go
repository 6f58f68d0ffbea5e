package crash

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/layout"
	"tasm/symbols"
	"tasm/vm"
)

var update = flag.Bool("update", false, "rewrite the expected explanations")

// TestStories lets programs die in the virtual machine and compares what is said
// of each with its golden file.
func TestStories(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.tasm")
	if err != nil || len(sources) < 20 {
		t.Fatalf("%d sources, %v", len(sources), err)
	}
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add(filepath.Base(name), text), assembler.Options{Instructions: true})
		if said.Errors() > 0 {
			t.Fatalf("%s: %v", name, said.Messages()[0])
		}
		file, said := layout.Plain(p, layout.Options{})
		if file == nil {
			t.Fatalf("%s: %v", name, said.Messages()[0])
		}
		v, err := vm.New(file.Bytes, vm.Options{Args: []string{"program"}, MaxSteps: 1 << 22, Record: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for v.Step() {
		}
		var got strings.Builder
		diag.Human(&got, files, []*diag.Message{Explain(v, symbols.New(file, p, files))}, false)
		golden := strings.TrimSuffix(name, ".tasm") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Error(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got.String(), want)
		}
	}
}
