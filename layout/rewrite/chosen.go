package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Numbers that are chosen. Where a branch asks for the sign of a register, and
// both ways do the same but for a number, that number can be computed from the
// sign instead.

// choice is two blocks of which the second is entered only where a register is
// negative, and the first only where it is not.
type choice struct {
	x, y   int // in the list of blocks
	tester int // the register
}

// choices lists the choices of the program.
func (sh *shortener) choices(a *analysis) []choice {
	var list []choice
	for y, negative := range sh.negative(a) {
		b := sh.g.Blocks[y]
		if b == sh.g.Entry || negative == 0 || callOfKernel(b) < 0 {
			continue
		}
		for x, o := range sh.g.Blocks {
			if x == y || !a.in[o].reached || callOfKernel(o) < 0 {
				continue
			}
			for r := range registers {
				if r != sp && negative.of(r) != 0 && a.t.facts(a.in[o].r[r]).zeros>>(sh.bits-1)&1 == 1 {
					list = append(list, choice{x, y, r})
				}
			}
		}
	}
	return list
}

// callOfKernel returns where the first call of the kernel is in a block, -1
// where there is none.
func callOfKernel(b *flow.Block) int {
	return slices.IndexFunc(b.Code, func(in flow.Inst) bool { return isSystemCall(&in) })
}

// negative tells of each block which registers are negative whenever control
// comes to it.
func (sh *shortener) negative(a *analysis) []parts {
	out := make([]parts, len(sh.g.Blocks))
	index := map[*flow.Block]int{}
	for i, b := range sh.g.Blocks {
		out[i], index[b] = ^parts(0), i
	}
	enter := func(b *flow.Block, s *state, sign bool) {
		if b == nil || !s.reached {
			return
		}
		for r := range registers {
			n, known := s.r[r].number()
			if !(known && n>>(sh.bits-1)&1 == 1) && !(sign && s.r[r] == s.flags.v) {
				out[index[b]] &^= whole(r)
			}
		}
	}
	for _, b := range sh.g.Blocks {
		s := *a.in[b]
		for i := range b.Code {
			in := &b.Code[i]
			for _, ref := range in.Refs {
				if ref.Block != nil {
					out[index[ref.Block]] = 0
				}
			}
			switch {
			case isCall(in):
				out[index[in.Target]] = 0
			case isBranch(in):
				f := s.flags
				cond, ok := conditionOf(in)
				ok = ok && f.kind == flagsResult && f.size*8 == sh.bits && (cond&^1 == x86.IfNegative || cond&^1 == x86.IfLess && f.overflowClear)
				enter(in.Target, &s, ok && cond&1 == 0)
				enter(b.Next, &s, ok && cond&1 == 1)
			}
			a.advance(&s, in, a.index[b]+i)
		}
		if n := len(b.Code); n == 0 || !isBranch(&b.Code[n-1]) {
			enter(b.Next, &s, false)
		}
	}
	return out
}

// atCall is what a block does up to its first call of the kernel.
type atCall struct {
	i     int // where that is
	state state
	need  parts // what matters there
	sets  parts // what it has given values
}

// untilCall goes through a block that only sets registers until it calls the
// kernel; ok is false if it does something else.
func (sh *shortener) untilCall(a *analysis, l *liveness, b *flow.Block) (c atCall, ok bool) {
	if c.i = callOfKernel(b); c.i < 0 {
		return c, false
	}
	after := make([]need, len(b.Code))
	l.through(b, after)
	c.need = l.in[b].parts
	flags := l.in[b].flags
	if c.i > 0 {
		c.need, flags = after[c.i-1].parts, after[c.i-1].flags
	}
	ok = flags == 0
	walk(a, b, func(i int, in *flow.Inst, s *state) {
		switch {
		case i < c.i:
			e := sh.effect(in)
			ok = ok && e.pure() && e.flagsWritten&x86.DF == 0 && in.Target == nil
			c.sets |= e.writes
		case i == c.i:
			c.state = *s
		}
	})
	return c, ok
}

// compute makes one block of the two of a choice.
func (sh *shortener) compute(c choice) bool {
	sh.unpush()
	x, y := sh.g.Blocks[c.x], sh.g.Blocks[c.y]
	a := sh.analyze()
	if a.unclear {
		return false
	}
	l := sh.liveness(a)
	cx, ok1 := sh.untilCall(a, l, x)
	cy, ok2 := sh.untilCall(a, l, y)
	restX, restY := x.Code[cx.i:], y.Code[cy.i:]
	ends := len(restY) == 1 && y.Next == nil
	if !ok1 || !ok2 || !ends && (key(restX) != key(restY) || x.Next != y.Next) {
		return false
	}
	m := maker{bits: sh.bits, source: restX[0].Source}
	p, ok := parted(a, [2]*flow.Block{x, y}, [2]atCall{cx, cy})
	if !ok {
		return false
	}
	first, zero := sh.fromSign(m, p.chosen, c.tester, p.kept, p.numbers)
	if first == nil {
		return false
	}
	sh.note("computed numbers", y.Code, 0, text(first)+" is done instead of a branch")
	code := first
	for _, s := range p.given {
		size := sh.bits / 8
		// What is 0 on the way of x alone needs no more than a byte, if y does not ask.
		if n, ok := s.to.number(); ok && n == n&0xff && s.r == zero && cy.need.of(s.r) == 0 && (sh.bits == 64 || s.r < sp) {
			size = 1
		}
		code = append(code, m.one("mov", reg(s.r, size), s.to)...)
	}
	x.Code = slices.Concat(code, restX)
	sh.redirect(y, x)
	sh.prune()
	return true
}

// redirect makes all that leads to one block lead to another one.
func (sh *shortener) redirect(from, to *flow.Block) {
	for _, b := range sh.g.Blocks {
		if b.Next == from {
			b.Next = to
		}
		for i := range b.Code {
			if b.Code[i].Target == from {
				b.Code[i].Target = to
			}
		}
	}
}

// parting is what registers hold at the calls of two blocks.
type parting struct {
	chosen  int       // the register in which they differ
	numbers [2]uint64 // that it holds
	kept    parts     // registers that hold what they held before
	given   []given   // those to which both give the same
}

// given is a register with the number or address that it is given.
type given struct {
	r  int
	to operand
}

// parted compares what registers hold at the calls of two blocks. It is false where
// that is not the same but for one number.
func parted(a *analysis, blocks [2]*flow.Block, calls [2]atCall) (parting, bool) {
	p := parting{chosen: -1}
	for r := range registers {
		n := (calls[0].need | calls[1].need).of(r)
		if n == 0 || r == sp {
			continue
		}
		vx, vy := calls[0].state.r[r], calls[1].state.r[r]
		if calls[0].need.of(r) == 0 {
			vx = vy
		}
		if calls[1].need.of(r) == 0 {
			vy = vx
		}
		nx, number1 := vx.number()
		ny, number2 := vy.number()
		ref, isRef := a.t.ref(vx)
		held := vx == a.in[blocks[0]].r[r] && vy == a.in[blocks[1]].r[r] || (calls[0].sets|calls[1].sets).of(r) == 0
		switch {
		case number1 && number2 && (nx^ny)&masks(n) != 0:
			if p.chosen >= 0 {
				return p, false
			}
			p.chosen, p.numbers = r, [2]uint64{nx, ny}
		case held:
			p.kept |= whole(r)
		case number1 && number2:
			p.given = append(p.given, given{r, imm(a.t.signed(nx))})
		case isRef && vx == vy:
			p.given = append(p.given, given{r, immRef(ref)})
		default:
			return p, false
		}
	}
	return p, p.chosen >= 0
}

// fromSign makes the shortest code that it finds to give register r the first
// number if register q is not negative, else the second; kept are registers that
// must stay as they are. Register zero then holds 0 where q is not negative; it is
// -1 for none.
func (sh *shortener) fromSign(m maker, r, q int, kept parts, numbers [2]uint64) (best []flow.Inst, zero int) {
	word := sh.bits / 8
	add := numbers[0]
	keep := func(t int, parts ...[]flow.Inst) {
		for _, p := range parts {
			if p == nil {
				return
			}
		}
		if code := slices.Concat(parts...); best == nil || sizeOf(code) < sizeOf(best) {
			best, zero = code, t
			if t == r {
				zero = -1
			}
		}
	}
	signed := func(n uint64) int64 { return signExtend(n, word) }
	// finish works on register t, which holds 0 or spread.
	finish := func(t int, spread int64, begin ...[]flow.Inst) {
		begin = slices.Clip(begin)
		factor := signed(numbers[1]-add) * spread
		last := []flow.Inst{}
		if r != t {
			last = m.one("mov", reg(r, word), reg(t, word))
		}
		if factor == 1 && add == 0 {
			keep(t, append(begin, last)...)
		}
		if slices.Contains([]int64{1, 2, 3, 5, 9}, factor) {
			o := mem(int64(t), signed(add), sh.bits, 0)
			o.Value.AddRegister(x86.GeneralRegister(t, word), factor-1)
			keep(t, append(begin, m.one("lea", reg(r, word), o))...)
		}
		if spread == -1 {
			mask := m.one("and", reg(t, word), imm(-factor))
			if add == 0 {
				keep(t, append(begin, mask, last)...)
			}
			keep(t, append(begin, mask, m.one("lea", reg(r, word), mem(int64(t), signed(add), sh.bits, 0)))...)
		}
	}
	t, begin := q, []flow.Inst{}
	if kept.of(q) != 0 {
		t, begin = r, m.one("mov", reg(r, word), reg(q, word))
	}
	finish(t, -1, begin, m.one("sar", reg(t, word), imm(int64(sh.bits-1))))
	finish(t, 1, begin, m.one("shr", reg(t, word), imm(int64(sh.bits-1))))
	if q == ax && kept.of(dx) == 0 {
		finish(dx, -1, m.one(map[int]string{4: "cdq", 8: "cqo"}[word]))
	}
	return best, zero
}
