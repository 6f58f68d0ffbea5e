package rewrite

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"tasm/flow"
	"tasm/internal/programs"
)

// eachBlock is Shorten for programs that are taken to be too long for it.
func eachBlock(g *flow.Graph, o Options) (*flow.Graph, []Change) {
	return newShortener(g, o, newCaches(), newBudget(o)).eachBlock()
}

func random(seed uint64, bits int) string {
	return programs.Random(rand.New(rand.NewPCG(seed, 8)), targets[bits])
}

func long(seed uint64, bits int) string {
	return programs.Long(rand.New(rand.NewPCG(seed, 8)), targets[bits], 60)
}

var targets = map[int]string{32: "linux/386", 64: "linux/amd64"}

// TestRandomBlocks runs random programs as they are and with blocks rewritten each by
// itself.
func TestRandomBlocks(t *testing.T) {
	for _, source := range []func(uint64, int) string{randomProgram, randomChoices, random, long} {
		checkRandom(t, source, eachBlock, 10)
	}
}

// TestBlocksNeedMore compares what matters where blocks are looked at by themselves with
// what does where the whole program is: it must not be less.
func TestBlocksNeedMore(t *testing.T) {
	sources := map[string]string{}
	for _, name := range []string{"fizzbuzz", "wc", "primes", "hexdump", "tr"} {
		source, err := os.ReadFile("testdata/" + name + ".tasm")
		if err != nil {
			t.Fatal(err)
		}
		sources[name] = string(source)
	}
	for seed := range uint64(20) {
		for bits, target := range targets {
			sources["random for "+target] = randomProgram(seed, bits)
			sources["statements for "+target] = long(seed, bits)
			needMore(t, sources)
			clear(sources)
		}
	}
}

func needMore(t *testing.T, sources map[string]string) {
	t.Helper()
	for name, source := range sources {
		sh := newShortener(graph(t, source), quick, newCaches(), newBudget(low))
		sh.tidy()
		a := sh.analyze()
		if a.unclear {
			continue
		}
		whole, blocks := sh.liveness(a), sh.liveness(sh.analyzeBlocks())
		for _, b := range sh.g.Blocks {
			if n := blocks.in[b]; n.union(whole.in[b]) != n {
				t.Errorf("%s: in front of block %d %v matters, and was found to be %v\n%s", name, b.ID, whole.in[b], n, source)
			}
		}
	}
}

// TestBlocksAlone looks at what is known and what matters around calls, returns and
// computed jumps.
func TestBlocksAlone(t *testing.T) {
	for _, x := range []struct {
		code string
		kept string // the instruction that must stay
	}{
		// A subroutine may change any register.
		{"main: mov eax, 5\ncall sub\nmov eax, 5\nmov [buffer], eax\nsys exit, 0\nsub: mov eax, 6\nret", "mov eax, 5"},
		// What matters behind any call does behind each RET, and behind a computed jump.
		{"main: call one\nmov [buffer], esi\ncall two\nmov [buffer], edi\nsys exit, 0\none: mov esi, 70000\nmov edi, 80000\nret\ntwo: ret", "mov edi, 0x13880"},
		{"main: mov esi, 70000\ncmp eax, 2\njmp [table+eax*4]\na: sys exit, 0\nb: sys exit, esi\nsection .data\ntable: dd a, b", "mov esi, 0x11170"},
		{"main: call save\nmov [buffer], esi\njmp [table+eax*4]\na: mov esi, 70000\nmov eax, [buffer+4]\njmp eax\nb: sys exit, 0\nsave: pop eax\nmov [buffer+4], eax\npush eax\nret\nsection .data\ntable: dd a, b", "mov esi, 0x11170"},
		// A RET may go to a block of which the address is held.
		{"main: test eax, eax\njz a\ncall sub\nmov esi, 70000\npush b\nret\na: jmp [table+eax*4]\nb: sys exit, esi\nsub: ret\nsection .data\ntable: dd a, b", "mov esi, 0x11170"},
		// A call by a register reads it.
		{"main: mov eax, a\ncall eax\nsys exit, 0\na: ret", "mov eax, code"},
		// A block does not know with what it is entered.
		{"main: mov esi, 5\n.next: mov esi, 5\ncall sub\nadd esi, edi\njnz .next\nsys exit, esi\nsub: inc edi\nret", "mov esi, 5"},
		{"main: call sub\nmov al, [esi]\ninc esi\nmov [buffer], al\nlodsb\nsys exit, eax\nsub: std\nret", "mov al, [esi]"},
	} {
		g := graph(t, "target linux/386\nentry main\nsection .bss\nbuffer: resb 8\nsection .text\n"+x.code+"\n")
		short, _ := eachBlock(g, low)
		if !slices.ContainsFunc(short.Blocks, func(b *flow.Block) bool {
			return slices.ContainsFunc(b.Code, func(in flow.Inst) bool { return instText(&in) == x.kept })
		}) {
			t.Errorf("%s is gone: %v\n%s", x.kept, g.Doubts, listing(short))
		}
	}
}

// TestBlocksSettled goes over the blocks of random programs. What matters in front of
// each block has to be told by what follows from it all the time.
func TestBlocksSettled(t *testing.T) {
	for seed := range uint64(15) {
		for bits := range targets {
			sh := newShortener(graph(t, randomProgram(seed, bits)), quick, newCaches(), newBudget(low))
			sh.tidy()
			a := sh.analyzeBlocks()
			l := sh.liveness(a)
			for _, b := range sh.g.Blocks {
				sh.block(a, l, b)
				for _, x := range sh.g.Blocks {
					l.grown = nil
					if n := l.through(x, nil); len(l.grown) > 0 || n.union(l.in[x]) != l.in[x] {
						t.Fatalf("seed %d, %d bits: more matters in front of block %d than is known, after block %d", seed, bits, x.ID, b.ID)
					}
				}
			}
		}
	}
}

// TestNothingMoreMatters tries code that takes a register which did not matter in front
// of a block, and behind a call.
func TestNothingMoreMatters(t *testing.T) {
	const main = "target linux/386\nentry main\nsection .text\nmain: "
	code := graph(t, main+"mov eax, edx\nmov edx, 5\nsys exit, eax\n").Blocks[0].Code[:2]
	for at, source := range []string{"mov eax, 5\nsys exit, eax\n", "call sub\nmov eax, 5\nsys exit, eax\nsub: ret\n"} {
		sh := newShortener(graph(t, main+source), quick, newCaches(), newBudget(low))
		a := sh.analyzeBlocks()
		l := sh.liveness(a)
		b := sh.g.Blocks[0]
		c := &cursor{sh: sh, a: a, l: l, b: b, code: b.Code, s: *a.in[b]}
		c.live()
		exits := l.exits[nil]
		if c.replace(at, 1, code) || l.exits[nil] != exits {
			t.Errorf("a register was taken that did not matter:\n%s", listing(sh.g))
		}
	}
}

// TestSharedEnds lets blocks share what they end with, if they go on at the same place.
func TestSharedEnds(t *testing.T) {
	const tail = "mov dword [buffer], 70000\nmov dword [buffer+4], 80000\n"
	for _, x := range []struct {
		code  string
		saved int // bytes of code
	}{
		{"main: call a\ncall b\ncall c\nsys exit, [buffer]\na: inc esi\n" + tail + "ret\nb: dec esi\n" + tail + "ret\nc: inc edi\n" + tail + "ret\n", 40},
		{"main: sys read, 0, buffer, 1\ncmp byte [buffer], 'b'\nje b\nja e\na: " + tail + "jmp c\nb: " + tail + "jmp d\ne: add dword [buffer+8], 7\n" + tail +
			"jmp c\nc: sys write, 1, buffer, 12\nsys exit, 1\nd: sys exit, 2\n", 40},
	} {
		g := graph(t, "target linux/386\nentry main\nsection .bss\nbuffer: resb 12\nsection .text\n"+x.code)
		short, _ := eachBlock(g, low)
		before, after := layOut(t, g), layOut(t, short)
		if after.code > before.code-x.saved {
			t.Errorf("%d bytes became %d\n%s", before.code, after.code, listing(short))
		}
		for _, stdin := range []string{"a", "b", "c"} {
			if want, got := run(t, before.file, stdin), run(t, after.file, stdin); got != want {
				t.Errorf("%q: %q became %q\n%s", stdin, want, got, listing(short))
			}
		}
	}
}

// TestRestOfBlocks ends the work on a program as a whole early: its blocks are rewritten
// by themselves then.
func TestRestOfBlocks(t *testing.T) {
	size := func(g *flow.Graph) int { return layOut(t, g).code }
	var steps []int
	o := Options{LowAddresses: true, Effort: -10, Step: func(g *flow.Graph, _ []Change) { steps = append(steps, size(g)) }}
	short, changes := Shorten(graph(t, long(1, 32)), o)
	if at := slices.IndexFunc(changes, func(c Change) bool { return c.Rule == EachBlock }); at <= 0 || at > len(changes)-10 {
		t.Errorf("blocks are rewritten by themselves behind change %d of %d", at, len(changes))
	}
	if len(steps) == 0 || size(short) >= steps[0] {
		t.Errorf("%v bytes became %d", steps, size(short))
	}
}

// TestLongProgram rewrites a program of more than MaxInstructions, with no more work
// than grows with its length.
func TestLongProgram(t *testing.T) {
	for _, target := range targets {
		var work [2]int64
		for k := range work {
			g := graph(t, programs.Long(rand.New(rand.NewPCG(3, 8)), target, 750<<k))
			b := newBudget(low)
			sh := newShortener(g, low, newCaches(), b)
			n := length(g)
			short, changes := sh.eachBlock()
			work[k] = (b.limit - b.left) / int64(n)
			t.Logf("%s: %d instructions became %d by %d changes, with %d looked at", target, n, length(short), len(changes), b.limit-b.left)
			if b.left <= 0 || len(changes) < 1000 {
				t.Errorf("%s: %d instructions: %d of %d are left to look at after %d changes", target, n, b.left, b.limit, len(changes))
			}
			if k == 1 {
				var ended string
				o := Options{LowAddresses: true, Effort: -20, Ended: func(reason string) { ended += reason + "\n" }}
				if Shorten(g, o); n <= MaxInstructions || ended == "" {
					t.Errorf("%s: that %d instructions are rewritten in a simpler way is not told: %q", target, n, ended)
				}
			}
		}
		if work[1] > 2*work[0] {
			t.Errorf("%s: %d looked at for each instruction, %d in a program twice as long", target, work[0], work[1])
		}
	}
}
