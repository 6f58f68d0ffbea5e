package place

import (
	"fmt"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/flow"
)

func assembled(t testing.TB, source string) *flow.Graph {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("source.tasm", []byte(source)), assembler.Options{Instructions: true})
	if p == nil {
		t.Fatal(said.Messages())
	}
	g := flow.Build(p)
	if len(g.Doubts) > 0 {
		t.Fatal(g.Doubts)
	}
	return g
}

// TestDistances asks for the shortest way to give an address in memory: in 64-bit code as a
// distance from the instruction where no register is added to it, else as itself.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		target, instruction string
		length              int
		kind                x86.FixupKind
	}{
		{"amd64", "mov ecx, [x]", 6, x86.Relative},
		{"amd64", "mov ecx, [rel x]", 6, x86.Relative},
		{"amd64", "cmp dword [x], 1000", 10, x86.Relative},
		{"amd64", "mov ecx, [x + rbx]", 6, x86.Absolute},
		{"386", "mov ecx, [x]", 6, x86.Absolute},
	} {
		g := assembled(t, "target linux/"+c.target+"\nentry main\nsection .text\nmain: "+c.instruction+"\nsys exit, 0\nsection .data\nx: dd 1\n")
		ways := encodings(&g.Blocks[0].Code[0])
		if len(ways) == 0 || len(ways[0].code) != c.length || len(ways[0].fixups) != 1 || ways[0].fixups[0].Kind != c.kind {
			t.Errorf("%s, %s: %d ways, the first one %+v", c.target, c.instruction, len(ways), ways)
		}
		p := newProgram(g, nil, ordersOf(g)[0])
		if !p.absolute {
			t.Errorf("%s, %s: the program may lie anywhere, but one of the ways to write it asks for low addresses", c.target, c.instruction)
		}
	}
}

// TestLongOrder holds blocks that run on into one another together in long programs, where a
// jump comes from elsewhere; in short ones that jump is what is saved.
func TestLongOrder(t *testing.T) {
	source := func(n int) string {
		s := "target linux/386\nentry main\nsection .text\nmain: mov ecx, 5\njmp test\nbody: add ebx, ecx\ndec ecx\ntest: cmp ecx, 0\njne body\n"
		return s + strings.Repeat("add ebx, 3\n", n) + "sys exit, ebx\n"
	}
	for _, n := range []int{1, maxJoined} {
		g := assembled(t, source(n))
		p := newProgram(g, nil, ordersOf(g)[0])
		var order []string
		for _, c := range p.chains {
			for _, b := range c.blocks {
				order = append(order, b.Name)
			}
			order = append(order, "/")
		}
		said := fmt.Sprint(order)
		body, test := strings.Index(said, "body"), strings.Index(said, "test")
		if long := n == maxJoined; long != (body < test) {
			t.Errorf("%d additions: the blocks stand in the order %s", n, said)
		}
	}
}

// TestNearOrder puts blocks near each other that branch to one another, where many others
// stand between them as they are written.
func TestNearOrder(t *testing.T) {
	filler := strings.Repeat("add ebx, 3\n", 50)
	g := assembled(t, "target linux/386\nentry main\nsection .text\nmain: mov ecx, 5\nnext: cmp ecx, 3\nje three\ncmp ecx, 2\nje two\n"+
		filler+"back: dec ecx\njnz next\nsys exit, ebx\nthree: add ebx, ecx\njmp back\ntwo: sub ebx, ecx\njmp back\n")
	orders := ordersOf(g)
	if len(orders) != 2 {
		t.Fatalf("%d orders", len(orders))
	}
	sizes := map[*flow.Block]blockSize{}
	blocks := map[*flow.Block]bool{}
	for _, b := range g.Blocks {
		sizes[b] = sizeOf(b)
	}
	for _, c := range orders[1] {
		for _, b := range c {
			blocks[b] = true
		}
	}
	if was, is := lengthInOrder(orders[0], sizes), lengthInOrder(orders[1], sizes); is >= was || len(blocks) != len(g.Blocks) || orders[1][0][0] != g.Entry {
		t.Errorf("%d bytes became %d, of %d blocks %d", was, is, len(g.Blocks), len(blocks))
	}
}
