package rewrite

import (
	"maps"
	"testing"

	"tasm/flow"
)

// TestSettled goes over the blocks of random programs as pass does. As long as what was
// known about a program is said to hold, all that matters in front of each block has to be
// told by what follows from it.
func TestSettled(t *testing.T) {
	for seed := range uint64(12) {
		for _, bits := range []int{32, 64} {
			for k, random := range []func(uint64, int) string{randomProgram, randomChoices} {
				settled(t, graph(t, random(seed, bits)), seed, k)
			}
		}
	}
}

func settled(t *testing.T, g *flow.Graph, seed uint64, k int) {
	sh := newShortener(g, quick, newCaches(), &budget{left: MaxWork})
	sh.tidy()
	a := sh.analyze()
	if a.unclear {
		return
	}
	l := sh.liveness(a)
	for _, b := range sh.g.Blocks {
		holds, done := sh.block(a, l, b)
		for !done || !holds {
			if a = sh.analyze(); a.unclear {
				return
			}
			l = sh.liveness(a)
			if done {
				break
			}
			holds, done = sh.block(a, l, b)
		}
		for _, x := range sh.g.Blocks {
			l.grown = nil
			if n := l.through(x, nil); len(l.grown) > 0 || n.union(l.in[x]) != l.in[x] {
				t.Fatalf("kind %d, seed %d, %d bits: more matters in front of block %d than is known, after block %d", k, seed, g.Bits, x.ID, b.ID)
			}
		}
	}
}

// TestRefusedReplacement tries code in a loop that takes a register which nobody read
// and changes it: what it would have made matter behind the subroutine is taken back, or
// the second try would find that it matters there already.
func TestRefusedReplacement(t *testing.T) {
	g := graph(t, "target linux/386\nentry main\nsection .text\nmain: mov esi, 9\n.next: call twice\nmov eax, 5\ndec esi\njne .next\nsys exit, eax\ntwice: add esi, esi\nret\n")
	sh := newShortener(g, quick, newCaches(), &budget{left: MaxWork})
	a := sh.analyze()
	l := sh.liveness(a)
	for _, b := range sh.g.Blocks {
		if len(b.Code) == 0 || !isCall(&b.Code[0]) {
			continue
		}
		c := &cursor{sh: sh, a: a, l: l, b: b, code: b.Code, s: *a.in[b]}
		c.live()
		a.advance(&c.s, &b.Code[0], a.index[b])
		code := graph(t, "target linux/386\nentry main\nsection .text\nmain: mov eax, edx\nmov edx, 5\nsys exit, eax\n").Blocks[0].Code[:2]
		exits := maps.Clone(l.exits)
		for try := range 2 {
			if c.replace(1, 1, code) {
				t.Fatalf("try %d: a register that changes in the loop was taken", try)
			}
		}
		if !maps.Equal(l.exits, exits) || len(exits) != 1 {
			t.Errorf("behind the RET %v matters, and %v did", l.exits, exits)
		}
		return
	}
	t.Fatal("no block begins with the call")
}
