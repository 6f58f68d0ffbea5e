package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTools hands images of all forms to the tools that need no daemon: each takes what
// docs/images.md says that it takes, and refuses the rest.
func TestTools(t *testing.T) {
	dir := t.TempDir()
	tasm := filepath.Join(dir, "tasm")
	if said, err := exec.Command("go", "build", "-o", tasm, "../cmd/tasm").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	matrixSource = "../samples/hello.tasm"
	for i, form := range forms {
		for _, tool := range takers {
			if !tool.alone {
				continue
			}
			said := tool.take(dir, tasm, i)
			if refused := slices.Contains(strings.Fields(tool.refuses), form.name); refused != strings.HasPrefix(said, "no: ") {
				t.Errorf("%s of %s: %s", tool.name, form.name, said)
			}
		}
		if err := validated(filepath.Join(dir, "matrix", fmt.Sprint(i), "layout")); err != nil {
			t.Errorf("go-containerregistry of %s: %v", form.name, err)
		}
	}
}
