package layout

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
)

var randomPrograms = flag.Int("programs", 20, "how many random programs each target is tested with")

// runBytes runs a program and returns what it wrote and how it ended.
func runBytes(t *testing.T, file []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, file, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, "one", "two")
	cmd.Stdout, cmd.Env = &out, []string{"A=b"}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "can't run: " + err.Error()
	}
	return fmt.Sprintf("%q, %v", out.String(), cmd.ProcessState)
}

// TestRandomPrograms runs what the layouts make of random programs: all must
// write the same and end in the same way, and none is larger than the one before.
func TestRandomPrograms(t *testing.T) {
	for _, target := range []string{"linux/386", "linux/amd64"} {
		for seed := range uint64(*randomPrograms) {
			source := programs.Random(rand.New(rand.NewPCG(seed, 7)), target)
			files := &diag.Files{}
			p, said := assembler.Assemble(files, files.Add("random", []byte(source)), assembler.Options{Instructions: true})
			if p == nil || said.Errors() > 0 {
				t.Fatalf("seed %d: %v\n%s", seed, said.Messages()[0].Text, source)
			}
			size, want := 0, ""
			for i, s := range Strategies {
				start := time.Now()
				file, said := s.Layout(p, Options{Effort: -8})
				if d := time.Since(start); d > 30*time.Second {
					t.Errorf("seed %d: %s takes %v\n%s", seed, s.Name, d, source)
				}
				if file == nil {
					t.Fatalf("seed %d: %s: %v\n%s", seed, s.Name, said.Messages()[0].Text, source)
				}
				got := runBytes(t, file.Bytes)
				if i > 0 && (len(file.Bytes) > size || got != want) {
					t.Errorf("seed %d: %s (%s): %d bytes, %s; before: %d bytes, %s\n%s", seed, s.Name, file.Report.Method, len(file.Bytes), got, size, want, source)
				}
				size, want = len(file.Bytes), got
			}
		}
	}
}
