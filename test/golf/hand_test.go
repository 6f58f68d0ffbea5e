package golf

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/program"
)

// byHand are programs that were also written by hand, as small as their author
// could, in hand/*.asm. They do the same for all arguments, inputs and answers
// of the kernel.
var byHand = []struct {
	source     string
	hand, golf int // bytes
	effort     int
	trials     []trial
}{
	{"../../samples/yes", 53, 50, 0, []trial{{read: 4}, {full: true}}},
	{"../../samples/echo", 82, 80, 0, []trial{{}, {args: []string{"a"}}, {args: []string{"", "b c", "", "d"}}, {args: []string{strings.Repeat("x", 5000)}}, {full: true, args: []string{"a", "b"}}}},
	{"../../samples/cat", 78, 77, 0, []trial{{}, {stdin: "a"}, {stdin: strings.Repeat("some text\n", 20000)}, {directory: true}, {full: true}, {full: true, stdin: "a"}}},
	{"../../samples/sleep", 112, 109, 0, []trial{{}, {args: []string{"0"}}, {args: []string{"00", "1"}}, {args: []string{"x"}}, {args: []string{""}}, {args: []string{"0:"}}, {args: []string{"1"}}}},
	{"testdata/two", 81, 79, -6, []trial{{}, {full: true}}},
	{"testdata/two-sleep", 98, 96, 0, []trial{{}, {full: true}}},
}

// trial is one run of a program.
type trial struct {
	args      []string
	stdin     string
	directory bool // standard input is a directory: it can't be read
	full      bool // nothing can be written
	read      int  // bytes of what is written are read, then nothing any more; 0 is all
}

// outcome is what a run shows.
type outcome struct {
	stdout, stderr string
	status         string
	seconds        int // of time that it took, rounded down
}

func (r *trial) run(t *testing.T, file []byte) outcome {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(name, file); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, r.args...)
	cmd.Stdin = strings.NewReader(r.stdin)
	if r.directory {
		d, err := os.Open(".")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		cmd.Stdin = d
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if r.full {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdout = f
	}
	var pipe *os.File
	if r.read > 0 {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer write.Close()
		pipe, cmd.Stdout = read, write
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if pipe != nil {
		text := make([]byte, r.read)
		for n := 0; n < len(text); {
			k, err := pipe.Read(text[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		out.Write(text)
		pipe.Close()
	}
	// How it ended is told by the state.
	cmd.Wait()
	return outcome{out.String(), errs.String(), fmt.Sprint(cmd.ProcessState), int(time.Since(start).Seconds())}
}

func assemble(t *testing.T, name, target string) *program.Program {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add(name, text), assembler.Options{Target: target, Instructions: true})
	if p == nil || said.Errors() > 0 {
		t.Fatal(said.Messages())
	}
	return p
}

// nasm assembles a program that was written by hand.
func nasm(t *testing.T, name string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("nasm", "-f", "bin", "-I", "hand/", "-o", out, filepath.Join("hand", name+".asm"))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nasm: %v\n%s", err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHand holds golfed programs against those written by hand: in size, and in
// what they do.
func TestHand(t *testing.T) {
	for _, x := range byHand {
		name := filepath.Base(x.source)
		p := assemble(t, x.source+".tasm", "linux/386")
		plain, _ := layout.Plain(p, layout.Options{})
		golf, said := layout.Golf(p, layout.Options{Effort: x.effort})
		if plain == nil || golf == nil {
			t.Fatal(said.Messages())
		}
		hand := nasm(t, name)
		t.Logf("%-12s plain %3d  hand %3d  golf %3d", name, len(plain.Bytes), len(hand), len(golf.Bytes))
		if len(hand) != x.hand || len(golf.Bytes) != x.golf {
			t.Errorf("%s: %d bytes by hand and %d by golf, while the table says %d and %d", name, len(hand), len(golf.Bytes), x.hand, x.golf)
		}
		if broken := elf.Check(elf.Linux, hand); len(broken) > 0 {
			t.Errorf("%s by hand: %v", name, broken)
		}
		for _, r := range x.trials {
			want := r.run(t, plain.Bytes)
			if got := r.run(t, hand); got != want {
				t.Errorf("%s by hand, %+v: %+v became %+v", name, r, want, got)
			}
			if got := r.run(t, golf.Bytes); got != want {
				t.Errorf("%s by golf, %+v: %+v became %+v", name, r, want, got)
			}
		}
	}
}
