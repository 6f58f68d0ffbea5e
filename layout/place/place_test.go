package place

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/flow"
	"tasm/internal/programs"
	"tasm/layout/elf"
)

func graph(t testing.TB, name string) *flow.Graph {
	t.Helper()
	text, err := os.ReadFile("../../samples/" + name + ".tasm")
	if err != nil {
		t.Fatal(err)
	}
	return assembled(t, string(text))
}

func BenchmarkPlace(b *testing.B) {
	g := graph(b, "hello")
	for b.Loop() {
		if _, err := Place(context.Background(), g, elf.Linux, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlace64(b *testing.B) {
	g := graph(b, "hello64")
	for b.Loop() {
		if _, err := Place(context.Background(), g, elf.Linux, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPlace places samples: the loader takes the file, and every instruction of
// the program lies in it once.
func TestPlace(t *testing.T) {
	for _, name := range []string{"exit42", "hello", "hello64", "cat", "echo", "calc"} {
		g := graph(t, name)
		r, err := Place(context.Background(), g, elf.Linux, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if broken := elf.Check(elf.Linux, r.Bytes); len(broken) > 0 {
			t.Errorf("%s: %v", name, broken)
		}
		code := 0
		for _, p := range r.Pieces {
			if p.Kind == Code {
				code += int(p.Size)
			}
		}
		if r.Bound > len(r.Bytes) || r.Bound < code/2 {
			t.Errorf("%s: %d bytes, %d of code, are bounded by %d", name, len(r.Bytes), code, r.Bound)
		}
		placed := map[*flow.Inst]int{}
		for _, p := range r.Pieces {
			if p.Offset < 0 || p.Offset+p.Size > int64(len(r.Bytes)) {
				t.Errorf("%s: a piece of %d bytes at %d, in a file of %d", name, p.Size, p.Offset, len(r.Bytes))
			}
			if p.Kind == Code {
				placed[p.Inst]++
			}
		}
		for _, b := range g.Blocks {
			for i := range b.Code {
				if n := placed[&b.Code[i]]; n != 1 {
					t.Errorf("%s: %v lies in the file %d times", name, &b.Code[i].Instruction, n)
				}
			}
		}
	}
}

// TestDoubts refuses what can't be taken apart.
func TestDoubts(t *testing.T) {
	g := graph(t, "hello")
	g.Doubts = append(g.Doubts, flow.Doubt{Text: "goes to a computed address"})
	if r, err := Place(context.Background(), g, elf.Linux, Options{}); err == nil {
		t.Errorf("placed in %d bytes", len(r.Bytes))
	}
}

// TestTrampoline reaches far with a branch that has no near form.
func TestTrampoline(t *testing.T) {
	source := "target linux/386\nentry _start\nsection .text\n_start:\n jecxz x\n"
	source += strings.Repeat(" mov ebx, [esp]\n", 60) + " xor eax, eax\n inc eax\n int 0x80\n"
	source += "x: mov bl, 3\n mov al, 1\n int 0x80\n"
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("a", []byte(strings.Replace(source, "jecxz x", "jecxz y\n jmp z\ny: jmp x\nz:", 1))), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal(said.Messages())
	}
	g := flow.Build(p)
	// The assembler takes no short branch that far: here it goes by way of y.
	for i := range g.Entry.Code {
		if in := &g.Entry.Code[i]; in.Target != nil && len(in.Target.Code) == 0 {
			in.Target = in.Target.Next
		}
	}
	r, err := Place(context.Background(), g, elf.Linux, Options{})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(name, r.Bytes); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name)
	cmd.Run()
	if status := cmd.ProcessState.ExitCode(); status != 3 || len(r.Bytes) < 200 {
		t.Errorf("%d bytes, %v", len(r.Bytes), cmd.ProcessState)
	}
}
