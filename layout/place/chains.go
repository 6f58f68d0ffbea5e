package place

import (
	"slices"

	"tasm/flow"
)

// Chains. Which blocks follow one another without a jump, and where in the code, matters
// in long programs: it decides which branches are short.

// ordersOf lists orders of the chains of blocks that are worth trying. In long programs it is
// one of two: the one in which code is shorter. In others there are two where branches that
// don't reach may reach in another order: how the code meets the headers is not known here.
func ordersOf(g *flow.Graph) [][][]*flow.Block {
	joined := chainsOf(g, nil)
	n := 0
	before := map[*flow.Block]*flow.Block{}
	for i, b := range g.Blocks {
		n += len(b.Code)
		if i > 0 && b != g.Entry && g.Blocks[i-1].Onward() == b {
			before[b] = g.Blocks[i-1]
		}
	}
	if n <= maxShort {
		return [][][]*flow.Block{joined}
	}
	sizes := map[*flow.Block]blockSize{}
	for _, b := range g.Blocks {
		sizes[b] = sizeOf(b)
	}
	best := joined
	if kept := chainsOf(g, before); lengthInOrder(kept, sizes) < lengthInOrder(joined, sizes) {
		best = kept
	}
	if n > maxJoined {
		return [][][]*flow.Block{best}
	}
	if better := reordered(best, sizes); lengthInOrder(better, sizes) < lengthInOrder(joined, sizes) {
		return [][][]*flow.Block{joined, better}
	}
	return [][][]*flow.Block{joined}
}

// reordered moves runs of blocks to where that makes the code shorter, as long as it does and
// not too many blocks have been gone through.
func reordered(chains [][]*flow.Block, sizes map[*flow.Block]blockSize) [][]*flow.Block {
	blocks := slices.Concat(chains...)
	length, work := lengthInOrder(chains, sizes), maxMoved
	for moved := true; moved; {
		moved = false
		for from := 1; from < len(blocks); from++ {
			for n := 1; n <= maxRun && from+n <= len(blocks); n++ {
				for to := 1; to <= len(blocks)-n; to++ {
					if work -= len(blocks); work < 0 {
						return joinedUp(blocks)
					}
					if to == from {
						continue
					}
					run := blocks[from : from+n]
					other := slices.Insert(slices.Delete(slices.Clone(blocks), from, from+n), to, run...)
					if l := lengthInOrder(joinedUp(other), sizes); l < length {
						blocks, length, moved = other, l, true
					}
				}
			}
		}
	}
	return joinedUp(blocks)
}

// joinedUp makes chains of blocks in an order, of those that go on to the next one.
func joinedUp(blocks []*flow.Block) (chains [][]*flow.Block) {
	start := 0
	for i, b := range blocks {
		if i+1 == len(blocks) || b.Onward() != blocks[i+1] {
			chains = append(chains, blocks[start:i+1])
			start = i + 1
		}
	}
	return chains
}

// chainsOf lists chains of blocks that follow one another wherever control goes, but for
// a block that another one, of before, should stand in front of: an author or a compiler has
// put near each other what short branches connect.
func chainsOf(g *flow.Graph, before map[*flow.Block]*flow.Block) (chains [][]*flow.Block) {
	placed := map[*flow.Block]bool{}
	for _, b := range append([]*flow.Block{g.Entry}, g.Blocks...) {
		if placed[b] || b.Computed {
			continue
		}
		var chain []*flow.Block
		for b != nil && !placed[b] && (len(chain) == 0 || before[b] == nil || placed[before[b]]) {
			placed[b] = true
			chain = append(chain, b)
			b = b.Onward()
		}
		chains = append(chains, chain)
	}
	return chains
}

// blockSize is how many bytes the code of a block takes at least, and how many more where
// the branch at its end is near.
type blockSize struct {
	least, more int
	target      *flow.Block // of the branch; nil where there is none
}

func sizeOf(b *flow.Block) (s blockSize) {
	for i := range b.Code {
		in := &b.Code[i]
		ways := encodings(in)
		if len(ways) == 0 {
			continue
		}
		s.least += len(ways[0].code)
		if in.Direct() && len(ways) > 1 {
			s.more, s.target = len(ways[1].code)-len(ways[0].code), in.Target
		}
	}
	return s
}

// Sizes in bytes of the jump at the end of a chain.
const shortJump, nearJump = 2, 5

// lengthInOrder is about how many bytes the code takes in an order. Branches are taken to be
// short first; those that don't reach are near, and then others may not reach any more.
func lengthInOrder(chains [][]*flow.Block, sizes map[*flow.Block]blockSize) int {
	at := map[*flow.Block]int{}
	near, nearEnd := map[*flow.Block]bool{}, make([]bool, len(chains))
	far := func(from int, to *flow.Block) bool { return at[to]-from > 127 || at[to]-from < -128 }
	for {
		end, more := 0, false
		ends := make([]int, len(chains))
		for i, chain := range chains {
			for _, b := range chain {
				at[b] = end
				if end += sizes[b].least; near[b] {
					end += sizes[b].more
				}
			}
			switch {
			case chain[len(chain)-1].Onward() == nil:
			case nearEnd[i]:
				end += nearJump
			default:
				end += shortJump
			}
			ends[i] = end
		}
		for i, chain := range chains {
			for _, b := range chain {
				s := sizes[b]
				if s.target != nil && !near[b] && far(at[b]+s.least, s.target) {
					near[b], more = true, true
				}
			}
			if to := chain[len(chain)-1].Onward(); to != nil && !nearEnd[i] && far(ends[i], to) {
				nearEnd[i], more = true, true
			}
		}
		if !more {
			return end
		}
	}
}
