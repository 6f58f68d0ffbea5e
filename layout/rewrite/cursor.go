package rewrite

import (
	"cmp"
	"slices"

	"tasm/flow"
)

// cursor goes through a block, with what is known in front of an instruction and
// what matters behind each.
type cursor struct {
	sh    *shortener
	a     *analysis
	l     *liveness
	b     *flow.Block
	code  []flow.Inst // of b
	s     state       // in front of the instruction that it stands at
	after []need
	// liveOnly is set where code may read only registers that are live anyway.
	liveOnly bool
	replaced []flow.Inst // by the last change
}

func (c *cursor) bits() int { return c.sh.bits }

func (c *cursor) effect(in *flow.Inst) effect { return c.sh.effect(in) }

// index numbers an instruction that is tried.
func (c *cursor) index() int { return c.sh.number() }

// live computes what matters behind each instruction of the block as it is now.
func (c *cursor) live() {
	c.b.Code = c.code
	c.after = make([]need, len(c.code))
	c.l.through(c.b, c.after)
}

// block shortens one block. It reports whether what was known about the program
// still holds, and whether it came to the end of the block: behind a call it can
// go on only when what the subroutine makes of the changed registers is known.
func (sh *shortener) block(a *analysis, l *liveness, b *flow.Block) (holds, done bool) {
	c := &cursor{sh: sh, a: a, l: l, b: b, code: b.Code, s: *a.in[b]}
	if !c.s.reached {
		return true, true
	}
	before := l.in[b]
	sh.budget.left -= int64(len(b.Code))
	c.live()
	// What leaves the block as it was.
	old := c.s
	for i := range b.Code {
		if isBranch(&b.Code[i]) {
			break
		}
		a.advance(&old, &b.Code[i], a.index[b]+i)
	}
	changed := false
	refused := map[int]bool{} // rules, at the place where the cursor stands
	for i := 0; i < len(c.code) && c.s.reached; {
		if n, code, k := c.improve(i, refused); k >= 0 {
			if c.replace(i, n, code) {
				changed = true
				c.liveOnly = false
				clear(refused)
				sh.record(rules[k].name, cmp.Or(rules[k].gone, "is not needed"), c.replaced, code)
			} else if k == constantsRule && !c.liveOnly {
				c.liveOnly = true
			} else {
				refused[k] = true
			}
			continue
		}
		c.liveOnly = false
		clear(refused)
		in := &c.code[i]
		if isBranch(in) {
			break
		}
		index := a.index[b] + i
		if changed {
			index = c.index()
		}
		if isCall(in) && changed && !a.local {
			b.Code = c.code
			return false, false
		}
		a.advance(&c.s, in, index)
		i++
	}
	b.Code = c.code
	if !changed || a.local {
		return true, true
	}
	after := c.l.through(b, nil)
	// c.l is another one where more matters behind a subroutine.
	return c.l == l && after.union(before) == before && c.s.equal(&old), true
}

// replace replaces n instructions at i, if that leaves the same in all that
// matters. A register that did not matter before and is used by the new code
// matters from then on, perhaps even behind it: in a loop, or in a subroutine
// that is called again. Then the new code must not have changed that.
func (c *cursor) replace(i, n int, code []flow.Inst) bool {
	old, assumed := c.code, c.after[i+n-1]
	c.replaced = slices.Clone(old[i : i+n])
	c.code = slices.Concat(old[:i], code, old[i+n:])
	c.l.grown = nil
	c.live()
	in := c.l.through(c.b, nil)
	if in.union(c.l.in[c.b]) == c.l.in[c.b] && len(c.l.grown) == 0 {
		return true
	}
	before := c.l
	before.undo()
	if c.a.local {
		c.code = old
		c.live()
		return false
	}
	c.l = before.again()
	c.live()
	need := c.l.in[c.b]
	if k := i + len(code); k > 0 {
		need = c.after[k-1]
	}
	more := need.parts &^ assumed.parts
	written := parts(0)
	for _, part := range [][]flow.Inst{c.replaced, code} {
		for k := range part {
			if e := c.effect(&part[k]); !isBranch(&part[k]) {
				written |= e.writes
			}
		}
	}
	x, y := c.behind(c.replaced), c.behind(code)
	for r := range registers {
		if (more&written).of(r) != 0 && x.r[r] != y.r[r] {
			c.code, c.l = old, before
			c.live()
			return false
		}
	}
	return true
}

// behind is the state behind code that begins where the cursor stands.
func (c *cursor) behind(code []flow.Inst) state {
	s := c.s
	for k := range code {
		if isBranch(&code[k]) || isCall(&code[k]) {
			continue
		}
		index := c.index()
		c.a.stale(&s, index)
		c.a.step(&s, &code[k], index)
	}
	return s
}

// improve looks for a rule that shortens the code at i and answers with its
// number, -1 for none.
func (c *cursor) improve(i int, refused map[int]bool) (int, []flow.Inst, int) {
	best, bestSaved := -1, 0
	var bestN int
	var bestCode []flow.Inst
	for k := range rules {
		if refused[k] || rules[k].whole && c.a.local || c.sh.only != "" && rules[k].name != c.sh.only {
			continue
		}
		n, code := rules[k].apply(c, i)
		if n == 0 || code == nil {
			continue
		}
		if saved := sizeOf(c.code[i:i+n]) - sizeOf(code); saved > bestSaved {
			best, bestSaved, bestN, bestCode = k, saved, n, code
		}
	}
	return bestN, bestCode, best
}
