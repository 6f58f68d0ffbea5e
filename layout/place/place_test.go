package place

import (
	"context"
	"os"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/flow"
	"tasm/layout/elf"
)

func graph(t testing.TB, name string) *flow.Graph {
	t.Helper()
	text, err := os.ReadFile("../../samples/" + name + ".tasm")
	if err != nil {
		t.Fatal(err)
	}
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add(name, text), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal(said.Messages())
	}
	return flow.Build(p)
}

func BenchmarkPlace(b *testing.B) {
	g := graph(b, "hello")
	for b.Loop() {
		if _, err := Place(context.Background(), g, elf.Linux); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlace64(b *testing.B) {
	g := graph(b, "hello64")
	for b.Loop() {
		if _, err := Place(context.Background(), g, elf.Linux); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPlace places samples: the loader takes the file, and every instruction of
// the program lies in it once.
func TestPlace(t *testing.T) {
	for _, name := range []string{"exit42", "hello", "hello64", "cat", "echo", "calc"} {
		g := graph(t, name)
		r, err := Place(context.Background(), g, elf.Linux)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if broken := elf.Check(elf.Linux, r.Bytes); len(broken) > 0 {
			t.Errorf("%s: %v", name, broken)
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
	if r, err := Place(context.Background(), g, elf.Linux); err == nil {
		t.Errorf("placed in %d bytes", len(r.Bytes))
	}
}
