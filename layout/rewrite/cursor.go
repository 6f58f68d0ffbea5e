package rewrite

import (
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
}

func (c *cursor) bits() int { return c.sh.bits }

func (c *cursor) effect(in *flow.Inst) effect { return c.sh.effect(in) }

// index numbers an instruction that is tried.
func (c *cursor) index() int {
	c.sh.next++
	return c.sh.next
}

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
	for i := 0; i < len(c.code) && c.s.reached; {
		if n, code, rule := c.improve(i); rule != "" {
			sh.record(rule, c.code[i:i+n], code)
			c.code = append(append(append([]flow.Inst{}, c.code[:i]...), code...), c.code[i+n:]...)
			c.live()
			changed = true
			continue
		}
		in := &c.code[i]
		if isBranch(in) {
			break
		}
		index := a.index[b] + i
		if changed {
			index = c.index()
		}
		if isCall(in) && changed {
			b.Code = c.code
			return false, false
		}
		a.advance(&c.s, in, index)
		i++
	}
	b.Code = c.code
	if !changed {
		return true, true
	}
	after := l.through(b, nil)
	return after.union(before) == before && c.s.equal(&old), true
}

// improve looks for a rule that shortens the code at i.
func (c *cursor) improve(i int) (int, []flow.Inst, string) {
	best, bestSaved := -1, 0
	var bestN int
	var bestCode []flow.Inst
	for k := range rules {
		n, code := rules[k].apply(c, i)
		if n == 0 || code == nil {
			continue
		}
		if saved := sizeOf(c.code[i:i+n]) - sizeOf(code); saved > bestSaved {
			best, bestSaved, bestN, bestCode = k, saved, n, code
		}
	}
	if best < 0 {
		return 0, nil, ""
	}
	return bestN, bestCode, rules[best].name
}
