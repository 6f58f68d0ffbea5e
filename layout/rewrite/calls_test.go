package rewrite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// branches writes what random programs do on the ways of random branches: calls
// of the kernel, with and without a look at what it answers.
func (g *generator) branches(depth int) {
	for range 1 + g.IntN(3) {
		switch k := g.IntN(8); {
		case k < 3 && depth > 0:
			r := one(g, "esi", "edi", "ebp")
			other, behind := g.label(), g.label()
			g.f(one(g, "test %[1]s, %[1]s", "cmp %s, 1", "cmp %s, 7"), r)
			g.f("%s %s", one(g, "jz", "jnz", "ja", "jl", "js"), other)
			if g.IntN(3) == 0 {
				// What leaves the flags alone.
				g.f("lea edi, [edi+%d]", one(g, 1, -1))
			} else {
				g.branches(depth - 1)
			}
			if g.IntN(3) > 0 {
				g.f("jmp %s", behind)
			}
			g.b.WriteString(other + ":\n")
			if g.IntN(3) == 0 {
				g.f("lea edi, [edi-1]")
			}
			if g.IntN(3) == 0 {
				g.f("%s %s", one(g, "jz", "jnz", "ja"), behind)
			}
			g.branches(depth - 1)
			g.b.WriteString(behind + ":\n")
		case k < 4:
			g.f("mov %s, %s", one(g, "esi", "edi", "ebp", "ecx"), one(g, "0", "1", "7", "-1", "text+3", "esi", "ebp"))
		case k < 7:
			fd, from := one(g, "1", "1", "1", "2"), one(g, "text", "text+1", "text+3", "input", "input+5")
			g.f("sys write, %s, %s, %d", fd, from, 1+g.IntN(3))
			if g.IntN(4) == 0 {
				g.f("mov %s, eax", one(g, "esi", "edi", "ebp"))
			}
		case g.IntN(3) == 0:
			// A loop that adds up.
			m, x := g.label(), g.label()
			g.f("mov edi, %d", one(g, 0, 0, 5))
			g.f("mov esi, input+4")
			g.f("xor eax, eax")
			g.b.WriteString(m + ":\n")
			g.f("mov al, [esi]")
			g.f("inc esi")
			g.f("cmp al, %d", one(g, 0, 2, 7))
			g.f("ja %s", x)
			g.f("cmp esi, input+%d", 9+g.IntN(4))
			g.f("jae %s", x)
			for range 1 + g.IntN(2) {
				g.f(one(g, "imul edi, edi, 3", "add edi, eax", "sub edi, eax", "add edi, edi", "lea edi, [edi+eax]", "or edi, eax"))
			}
			g.f("jmp %s", m)
			g.b.WriteString(x + ":\n")
		case g.IntN(2) == 0:
			// A test that is asked twice, with counting between.
			x, y, r := g.label(), g.label(), one(g, "esi", "edi")
			g.f("test %[1]s, %[1]s", r)
			g.f("%s %s", one(g, "jz", "jnz"), x)
			g.f("lea edi, [edi+1]")
			g.f("lea ebp, [ebp%+d]", one(g, 1, -1))
			g.b.WriteString(x + ":\n")
			g.f("%s %s", one(g, "jz", "jnz"), y)
			g.f("sys write, 1, text, 1")
			g.b.WriteString(y + ":\n")
		default:
			g.f("sys close, %s", one(g, "0", "77"))
			g.f("neg eax")
			g.f("mov %s, eax", one(g, "esi", "edi"))
		}
	}
	if depth > 0 && g.IntN(6) == 0 {
		g.f("sys exit, %s", one(g, "0", "1", "7"))
	}
}

// wider are the registers by which 64-bit code does the same.
var wider = strings.NewReplacer("eax", "rax", "ecx", "rcx", "esi", "r12", "edi", "rbx", "ebp", "rbp")

// TestRandomCalls runs random programs that call the kernel here and there as
// they are and shortened.
func TestRandomCalls(t *testing.T) {
	// Some moves come late in a search: fewer programs, and more of a search for each.
	n, start := 26, uint64(11)
	if s := os.Getenv("REWRITE_SEEDS"); s != "" {
		fmt.Sscanf(s, "%d-%d", &start, &n)
	}
	used := map[string]int{}
	for seed := start; seed < start+uint64(n); seed++ {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
		g.b.WriteString("entry main\nsection .bss\ninput: resb 64\nsection .data\ntext: db 'abcdefgh'\nsection .text\nmain:\n")
		g.f("sys read, 0, input, 12")
		g.f("movzx esi, byte [input]")
		g.f("movsx edi, byte [input+1]")
		g.f("movzx ebp, byte [input+2]")
		loop := g.label()
		g.b.WriteString(loop + ":\n")
		g.branches(2)
		if g.IntN(2) == 0 {
			g.f("sub byte [input+3], 64")
			g.f("ja %s", loop)
		}
		g.f("sys exit, %s", one(g, "0", "edi", "ebp"))
		source := "target linux/386\n" + g.b.String()
		if seed%4 == 3 {
			source = "target linux/amd64\n" + wider.Replace(g.b.String())
		}
		graph := graph(t, source)
		short, changes := Shorten(graph, Options{LowAddresses: true, Effort: -2})
		for _, c := range changes {
			used[c.Rule]++
		}
		x, y := layOut(t, graph), layOut(t, short)
		if y.code > x.code {
			t.Errorf("seed %d: %d bytes of code became %d", seed, x.code, y.code)
		}
		for input := range 4 {
			r := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(input)))}
			stdin := make([]byte, 12)
			for i := range stdin {
				stdin[i] = one[byte](r, 0, 0, 1, 2, 7, 128, 255)
			}
			want, got := run(t, x.file, string(stdin)), run(t, y.file, string(stdin))
			if want != got {
				t.Errorf("seed %d, input %d: %q became %q", seed, input, want, got)
				t.Logf("%s\n%s\n%s", source, listing(graph), listing(short))
				for _, c := range changes {
					t.Log(c.Rule, c.Text, c.Saved)
				}
				break
			}
		}
	}
	t.Log(used)
	for _, rule := range []string{"shared calls", "early numbers", "zero as carry", "detours"} {
		if used[rule] == 0 {
			t.Errorf("%s: never", rule)
		}
	}
}
