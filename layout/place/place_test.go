package place

import (
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
		if _, err := Place(g, elf.Linux); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlace64(b *testing.B) {
	g := graph(b, "hello64")
	for b.Loop() {
		if _, err := Place(g, elf.Linux); err != nil {
			b.Fatal(err)
		}
	}
}
