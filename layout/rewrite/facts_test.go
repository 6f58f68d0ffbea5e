package rewrite

import (
	"math/bits"
	"slices"
	"testing"

	"tasm/flow"
)

// TestNothingMissed goes over all blocks of analysed random programs once more: what the
// analysis has found is to be all that there is, although it leaves blocks out of which it
// thinks that nothing has changed for them.
func TestNothingMissed(t *testing.T) {
	for seed := range uint64(40) {
		for _, bits := range []int{32, 64} {
			for k, random := range []func(uint64, int) string{randomProgram, randomChoices} {
				sh := newShortener(graph(t, random(seed, bits)), quick, newCaches(), &budget{left: MaxWork})
				a := sh.analyze()
				if a.unclear {
					continue
				}
				before := map[*flow.Block]state{}
				for b, s := range a.in {
					before[b] = *s
				}
				a.through = make([]passed, len(sh.g.Blocks))
				a.pass()
				for b, s := range a.in {
					if !asGood(s, before[b]) {
						t.Errorf("kind %d, seed %d, %d bits: in front of block %d the analysis ended too early", k, seed, bits, b.ID)
					}
				}
				if a.t.changed || a.again {
					t.Errorf("kind %d, seed %d, %d bits: too much is taken for known", k, seed, bits)
				}
			}
		}
	}
}

// asGood reports whether of the registers, the flags and the stack all is known in a state
// that is known in another one.
func asGood(s *state, o state) bool {
	for _, v := range s.r {
		if o.isNonzero(v) && !s.isNonzero(v) {
			return false
		}
	}
	return s.r == o.r && s.flags == o.flags && s.forward == o.forward && slices.Equal(s.slots, o.slots)
}

// TestCounting analyses loops that count: the rounds are not as many as a number has bits,
// and where a comparison bounds the number, that is known.
func TestCounting(t *testing.T) {
	for _, c := range []struct {
		test string
		want int // bits of the number in front of a turn of the loop
	}{
		{"cmp rsi, 100\njb main.next", 7},
		{"cmp rsi, 5000\njb main.next", 13},
		{"cmp rsi, 8191\njbe main.next", 13},
		{"cmp rsi, 100000\njb main.next", 17},
		{"test esi, esi\njns main.next", 31},
		{"mov esi, esi\ncmp rax, 7\njne main.next", 32},
		{"and esi, 0xfffff\ncmp rax, 7\njne main.next", 20},
	} {
		g := graph(t, "target linux/amd64\nentry main\nsection .text\nmain: xor esi, esi\n.next: mov eax, 39\nsyscall\ninc rsi\n"+c.test+"\nsys exit, 0\n")
		sh := newShortener(g, quick, newCaches(), &budget{left: MaxWork})
		a := sh.analyze()
		got := bits.Len64(^a.t.facts(a.in[sh.g.Blocks[1]].r[si]).zeros)
		rounds := (MaxWork - sh.budget.left) / int64(length(g))
		if got != c.want || rounds > maxGrown+8 {
			t.Errorf("%q: the number has %d bits, want %d, found in %d rounds", c.test, got, c.want, rounds)
		}
	}
}
