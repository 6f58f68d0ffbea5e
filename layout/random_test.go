package layout

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
)

// fewPrograms is how many random programs of each target are enough for every day;
// "make random" asks for more.
const fewPrograms = 10

var randomPrograms = flag.Int("programs", fewPrograms, "how many random programs each target is tested with")

// runBytes runs a program and returns what it wrote and how it ended.
func runBytes(t *testing.T, file []byte, stdin string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(name, file); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, "one", "two")
	cmd.Stdin = strings.NewReader(stdin)
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
				got := runBytes(t, file.Bytes, "")
				if i > 0 && (len(file.Bytes) > size || got != want) {
					t.Errorf("seed %d: %s (%s): %d bytes, %s; before: %d bytes, %s\n%s", seed, s.Name, file.Report.Method, len(file.Bytes), got, size, want, source)
				}
				if file.Report.CodeBound > int64(len(file.Bytes)) {
					t.Errorf("seed %d, %s, %s: %d bytes are below the bound of %d\n%s", seed, target, s.Name, len(file.Bytes), file.Report.CodeBound, source)
				}
				size, want = len(file.Bytes), got
			}
		}
	}
}

var first = flag.Uint64("first", 0, "the seed of the first of these programs")

// TestMixedPrograms does the same with programs of all kinds of instructions, and with
// several inputs. There must be no internal error.
func TestMixedPrograms(t *testing.T) {
	golfed, proved, all := 0, 0, 0
	for _, target := range []string{"linux/386", "linux/amd64"} {
		for seed := *first; seed < *first+uint64(max(1, *randomPrograms/2)); seed++ {
			source := programs.Mixed(rand.New(rand.NewPCG(seed, 11)), target)
			files := &diag.Files{}
			p, said := assembler.Assemble(files, files.Add("random", []byte(source)), assembler.Options{Instructions: true})
			if p == nil || said.Errors() > 0 {
				t.Fatalf("seed %d, %s: %v\n%s", seed, target, said.Messages()[0].Text, source)
			}
			var inputs []string
			r := rand.New(rand.NewPCG(seed, 12))
			for _, n := range []int{40, 40, 13} {
				b := make([]byte, n)
				for i := range b {
					b[i] = byte(r.Uint32())
				}
				inputs = append(inputs, string(b))
			}
			size := 0
			var want []string
			for i, s := range Strategies {
				file, said := s.Layout(p, Options{Effort: -8})
				if file == nil {
					t.Fatalf("seed %d, %s, %s: %v\n%s", seed, target, s.Name, said.Messages()[0].Text, source)
				}
				var got []string
				for _, input := range inputs {
					got = append(got, runBytes(t, file.Bytes, input))
				}
				if i > 0 && (len(file.Bytes) > size || !slices.Equal(got, want)) {
					t.Errorf("seed %d, %s, %s (%s): %d bytes, %s; before: %d bytes, %s\n%s", seed, target, s.Name, file.Report.Method, len(file.Bytes), got, size, want, source)
				}
				for _, reason := range file.Report.Reasons {
					if strings.Contains(reason, "internal error") {
						t.Errorf("seed %d, %s: %s", seed, target, reason)
					}
				}
				size, want = len(file.Bytes), got
				if s.Name != "golf" {
					continue
				}
				all++
				if file.Report.Layout == "golf" {
					golfed++
				} else {
					t.Logf("seed %d, %s: %s", seed, target, file.Report.Reasons)
				}
				if strings.HasPrefix(file.Report.Checked, "proved") {
					proved++
				}
			}
		}
	}
	t.Logf("%d of %d programs are golfed, %d proved", golfed, all, proved)
	if golfed*10 < all*9 {
		t.Error("too few programs are golfed")
	}
}
