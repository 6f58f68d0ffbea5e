package rewrite

import (
	"cmp"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Programs that are too long for analyses of the whole, can't be seen through, or take more
// work than may be done: their blocks are rewritten each by itself.
//
// In front of a block, and behind a call, nothing is known of registers, flags and
// memory. So a rule uses only what instructions before it in its block have done, and no
// change to a block can make untrue what was used in another one.
//
// What matters is still found for the whole program, but a subroutine is not told from
// another one: behind each RET everything matters that does behind any CALL or at a
// block of which the address is held somewhere, and behind a jump to a computed address
// the same. A change that would let more matter in front of its block or behind a CALL
// is not made, so that what was found holds while all blocks are gone through.
//
// Nothing is pushed, popped or moved between blocks, but for the ends that blocks share.

// EachBlock is the Rule of the Change behind which blocks of a program were rewritten each
// by itself.
const EachBlock = "each block by itself"

// eachBlock rewrites the program in that way, and answers as Shorten does.
func (sh *shortener) eachBlock() (*flow.Graph, []Change) {
	original, changes := sh.g, slices.Clone(sh.changes)
	sh.note(EachBlock, nil, 0, "blocks are rewritten each by itself")
	start := len(sh.changes)
	sh.tidy()
	for range maxPasses {
		before := len(sh.changes)
		a := sh.analyzeBlocks()
		l := sh.liveness(a)
		for _, b := range sh.g.Blocks {
			if sh.budget.over() {
				break
			}
			sh.block(a, l, b)
		}
		if sh.tidy(); sh.budget.over() || len(sh.changes) == before && !sh.equalBlocks(nil) {
			break
		}
	}
	if sh.options.Step != nil && len(sh.changes) > start {
		sh.options.Step(clone(sh.g), slices.Clone(sh.changes))
	}
	for range maxPasses {
		if sh.budget.over() || !sh.sharedEnds() {
			break
		}
		sh.tidy()
	}
	sh.invert()
	sh.unused()
	if len(sh.changes) == start {
		return original, changes
	}
	return sh.g, sh.changes
}

// analyzeBlocks is analyze for blocks by themselves.
func (sh *shortener) analyzeBlocks() *analysis {
	a := &analysis{
		s: sh, t: newTable(sh.bits), in: map[*flow.Block]*state{}, index: map[*flow.Block]int{},
		local: true, wild: true, below: true, escaped: farBelow,
	}
	a.t.lowAddrs = sh.options.LowAddresses
	forward := sh.alwaysForward()
	n := 0
	for _, b := range sh.g.Blocks {
		s := a.nothing(joinedAt, b.ID, forward)
		a.in[b], a.index[b] = &s, n
		n += len(b.Code) + 1
	}
	a.memo = make([]result, n)
	return a
}

// nothing is the state in which nothing is known of registers, flags and memory, with
// unknowns of such a kind and place.
func (a *analysis) nothing(kind unknownKind, place int, forward bool) state {
	s := state{reached: true, forward: forward}
	for r := range s.r {
		s.r[r] = a.t.make(unknownKey{kind, place, r}, a.unclearPointer())
	}
	return s
}

// alwaysForward reports whether the direction flag, which is clear in the beginning, is
// never set.
func (sh *shortener) alwaysForward() bool {
	return !slices.ContainsFunc(sh.g.Blocks, func(b *flow.Block) bool {
		return slices.ContainsFunc(b.Code, func(in flow.Inst) bool {
			return sh.effect(&in).flagsWritten&x86.DF != 0 && name(&in) != "cld"
		})
	})
}

// calling is what matters in front of a call behind which n does. What matters behind
// any call is noted as what does behind the RET of no subroutine in particular.
func (l *liveness) calling(in *flow.Inst, n need) need {
	if more := l.exits[nil].union(n); more != l.exits[nil] {
		l.grown = append(l.grown, exit{nil, l.exits[nil]})
		l.exits[nil] = more
	}
	n = l.in[in.Target]
	if !in.Direct() {
		n.parts |= l.s.effect(in).reads
	}
	return n
}

// returning is what matters behind a RET: it may go behind any call, or to a block of
// which the address is held somewhere.
func (l *liveness) returning() need {
	n := l.exits[nil]
	for _, b := range l.s.g.Taken {
		n = n.union(l.in[b])
	}
	return n
}

// end is a run of instructions that ends blocks which go on alike.
type end struct {
	size   int // bytes
	length int // instructions
	blocks []*flow.Block
}

// saved is what at least is saved where n blocks share the end: all but one jump to
// it, by the longest jump.
func (e *end) saved(n int) int { return (n - 1) * (e.size - farJump) }

// sharedEnds lets blocks that end alike share that end, those first that save most. It
// reports whether there were such. The ends of all blocks form a tree, so the work does
// not grow faster than the program.
func (sh *shortener) sharedEnds() bool {
	type step struct {
		from *end
		key  string
	}
	next := map[*flow.Block]*end{}
	steps := map[step]*end{}
	var ends []*end
	for _, b := range sh.g.Blocks {
		sh.budget.left -= int64(len(b.Code))
		if b.Computed {
			continue
		}
		e := next[b.Next]
		if e == nil {
			e = &end{}
			next[b.Next] = e
		}
		for i := range slices.Backward(b.Code) {
			in := &b.Code[i]
			k := step{e, instKey(in)}
			to := steps[k]
			if to == nil {
				to = &end{size: e.size + size(in), length: e.length + 1}
				steps[k] = to
				ends = append(ends, to)
			}
			to.blocks = append(to.blocks, b)
			e = to
		}
	}
	ends = slices.DeleteFunc(ends, func(e *end) bool { return len(e.blocks) < 2 || e.saved(len(e.blocks)) <= 0 })
	slices.SortStableFunc(ends, func(x, y *end) int {
		return cmp.Or(y.saved(len(y.blocks))-x.saved(len(x.blocks)), y.size-x.size)
	})
	id, cut := sh.newID(), map[*flow.Block]bool{}
	behind := map[*flow.Block]*flow.Block{}
	for _, e := range ends {
		blocks := slices.DeleteFunc(e.blocks, func(b *flow.Block) bool { return cut[b] })
		if len(blocks) < 2 {
			continue
		}
		first := blocks[0]
		shared := &flow.Block{ID: id, Code: slices.Clone(first.Code[len(first.Code)-e.length:]), Next: first.Next}
		id++
		sh.note("tail merging", shared.Code, e.saved(len(blocks)), text(shared.Code)+" is shared")
		for _, b := range blocks {
			n := len(b.Code) - e.length
			b.Code, b.Next, cut[b] = b.Code[:n:n], shared, true
		}
		behind[first] = shared
	}
	var list []*flow.Block
	for _, b := range sh.g.Blocks {
		if list = append(list, b); behind[b] != nil {
			list = append(list, behind[b])
		}
	}
	sh.g.Blocks = list
	return len(behind) > 0
}
