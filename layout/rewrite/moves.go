package rewrite

import (
	"slices"
	"sync"

	"tasm/flow"
)

// Moves are changes that save nothing by themselves, or even cost something, but
// let rules save more. They are tried one by one on the program as the rules
// have left it; what becomes shorter is kept, and the search goes on from there.

// climb looks for the move that makes sh the shortest, and goes on from there
// until none makes it shorter.
func (sh *shortener) climb() *shortener {
	best := sh
	rest := sh.budget.left - sh.budget.left/climbShare
	var workers [climbers]caches
	for i := range workers {
		workers[i] = newCaches()
	}
	for {
		from := newShortener(best.g, best.options, best.caches, best.budget)
		from.relax()
		better, least := best, best.total()
		over := func(work int64) bool {
			return sh.budget.left < max(rest, work) || sh.budget.over()
		}
	search:
		for batch := range slices.Chunk(from.moves(), attemptsAtOnce) {
			if over(0) {
				break
			}
			for _, next := range from.attempts(batch, best.changes, &workers) {
				if over(next.work) {
					break search
				}
				sh.budget.left -= next.work
				if next.shortener != nil && next.total < least {
					better, least = next.shortener, next.total
				}
			}
		}
		if better == best {
			return best
		}
		if best.options.Step != nil {
			best.options.Step(best.g, best.changes)
		}
		best = better
		best.budget = sh.budget
	}
}

// attempt is what a move led to, nil where to nothing, and the work that this took.
type attempt struct {
	*shortener
	total int
	work  int64
}

// attempts tries moves side by side. Who tries which is fixed, and each has caches and a
// budget of its own, so that nothing depends on who is faster.
func (sh *shortener) attempts(moves []variant, changes []Change, workers *[climbers]caches) []attempt {
	list := make([]attempt, len(moves))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(moves); i += len(workers) {
				b := *sh.budget
				next := newShortener(sh.g, sh.options, workers[w], &b)
				next.changes = slices.Clone(changes)
				if moves[i](next) && next.all() {
					list[i] = attempt{shortener: next, total: next.total()}
				}
				list[i].work = sh.budget.left - b.left
			}
		})
	}
	group.Wait()
	return list
}

// relax turns exchanges of which only one half matters back into copies, whose
// registers are free to move.
func (sh *shortener) relax() {
	a := sh.analyze()
	if a.unclear {
		return
	}
	l := sh.liveness(a)
	for _, b := range sh.g.Blocks {
		after := make([]need, len(b.Code))
		l.through(b, after)
		for i := range b.Code {
			in := &b.Code[i]
			x, ok1 := at(in, 0).register()
			y, ok2 := at(in, 1).register()
			if name(in) != "xchg" || !ok1 || !ok2 || x.size != sh.bits/8 || y.size != x.size || !plain(in) {
				continue
			}
			if after[i].parts.of(x.number) == 0 {
				x, y = y, x
			}
			if after[i].parts.of(y.number) != 0 {
				continue
			}
			m := maker{bits: sh.bits, source: in.Source}
			if made, ok := m.inst("mov", reg(x.number, x.size), reg(y.number, y.size)); ok {
				b.Code[i] = made
			}
		}
	}
}

// moves lists what is to be tried.
func (sh *shortener) moves() []variant {
	a := sh.analyze()
	if a.unclear || length(sh.g) > maxVaried {
		return nil
	}
	l := sh.liveness(a)
	last := 8
	if sh.bits == 64 {
		last = registers
	}
	var list []variant
	list = append(list, sh.webMoves(l, last)...)
	list = append(list, sh.earlyMoves(a, l)...)
	list = append(list, sh.shareMoves(a, l, last)...)
	list = append(list, sh.carryMoves(l)...)
	list = append(list, sh.detourMoves(a, l)...)
	for _, o := range sh.buffers() {
		list = append(list, func(sh *shortener) bool { return sh.toStack(o) })
	}
	for _, c := range sh.choices(a) {
		list = append(list, func(sh *shortener) bool { return sh.compute(c) })
	}
	preds := sh.predecessors()
	for i, b := range sh.g.Blocks {
		if sh.counts(b, l) && !slices.Contains(preds[b.Next], nil) {
			list = append(list, func(sh *shortener) bool { return sh.rotate(sh.g.Blocks[i]) })
		}
	}
	return list
}

// counts reports whether a block ends by counting a register up or down and
// goes on to where others come too, who do not need the flags.
func (sh *shortener) counts(b *flow.Block, l *liveness) bool {
	if len(b.Code) == 0 || b.Next == nil || l.in[b.Next].flags&arithmeticFlags != 0 {
		return false
	}
	in := &b.Code[len(b.Code)-1]
	r, ok := at(in, 0).register()
	return (name(in) == "inc" || name(in) == "dec") && ok && r.number != sp && r.size*8 == sh.bits && plain(in)
}

// rotate moves the counting at the end of a block to the beginning of the next
// one; all others that go there count the other way before. A loop that then has
// nothing left behind its test needs no jump.
func (sh *shortener) rotate(b *flow.Block) bool {
	to, n := b.Next, len(b.Code)-1
	if slices.Contains(sh.g.Taken, to) {
		return false // others come from where nothing can be done before
	}
	in := b.Code[n]
	back, ok := maker{bits: sh.bits, source: in.Source}.inst(map[string]string{"inc": "dec", "dec": "inc"}[name(&in)], operand{Operand: &in.Operands[0]})
	if !ok {
		return false
	}
	for _, p := range slices.Clone(sh.g.Blocks) {
		if p == b {
			continue
		}
		edge := func() *flow.Block {
			x := &flow.Block{ID: sh.newID(), Code: []flow.Inst{back}, Next: to}
			sh.g.Blocks = append(sh.g.Blocks, x)
			return x
		}
		k := len(p.Code) - 1
		switch {
		case p.Next == to && (k < 0 || !isBranch(&p.Code[k])):
			p.Code = append(slices.Clip(p.Code), back)
		case p.Next == to:
			p.Next = edge()
		}
		if k >= 0 && p.Code[k].Target == to {
			p.Code[k].Target = edge()
		}
	}
	b.Code = b.Code[:n:n]
	to.Code = append([]flow.Inst{in}, to.Code...)
	sh.note("loop rotation", []flow.Inst{in}, 0, instText(&in)+" is done at the beginning of the loop")
	return true
}

// content is what a register is given: a number, an address, or what another
// register holds.
type content struct {
	n    uint64
	ref  flow.Ref
	from int // that register plus 1
}

func (c content) isNumber() bool { return c.ref.IsZero() && c.from == 0 }

// content returns what a value is, if it is a number or the address of data that
// an instruction can give a register.
func (a *analysis) content(v value) (content, bool) {
	if n, ok := v.number(); ok {
		return content{n: n}, true
	}
	to, ok := a.t.ref(v)
	return content{ref: to}, ok && to.Object != nil && (a.s.bits == 32 || a.t.lowAddrs)
}

// give makes the instruction that gives a register some content.
func (sh *shortener) give(r int, c content) (flow.Inst, bool) {
	m := maker{bits: sh.bits}
	switch {
	case c.from > 0:
		return m.inst("mov", reg(r, sh.bits/8), reg(c.from-1, sh.bits/8))
	case !c.ref.IsZero():
		return m.inst("mov", reg(r, 4), immRef(c.ref))
	case c.n <= limit(4):
		return m.inst("mov", reg(r, 4), imm(int64(c.n)))
	}
	return m.inst("mov", reg(r, 8), imm(int64(c.n)))
}

// constant is an instruction, or a pair of PUSH and POP, that does nothing but to
// give a register some content.
type constant struct {
	place   place
	length  int // instructions
	r       int
	content content
	had     bool // the register held it before
}

// constants lists where registers are given some content.
func (sh *shortener) constants(a *analysis, l *liveness) []constant {
	var list []constant
	word := sh.bits / 8
	for _, b := range sh.g.Blocks {
		after := make([]need, len(b.Code))
		l.through(b, after)
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			if !s.reached || isSystemCall(in) || in.Target != nil {
				return
			}
			c := constant{place: place{b, i}, length: 1}
			e := sh.effect(in)
			switch {
			case name(in) == "push" && i+1 < len(b.Code) && name(&b.Code[i+1]) == "pop":
				r, ok := at(&b.Code[i+1], 0).register()
				n, isNumber := at(in, 0).number()
				if !ok || !isNumber || r.size != word || r.number == sp {
					return
				}
				c.length, c.r, c.content.n = 2, r.number, uint64(n)&a.t.mask()
			case e.pure() && e.writes != 0 && e.flagsRead == 0 && e.flagsWritten&after[i].flags == 0:
				for c.r < registers-1 && e.writes.of(c.r) == 0 {
					c.r++
				}
				if e.writes&^whole(c.r) != 0 || c.r == sp {
					return
				}
				t := *s
				a.step(&t, in, sh.number())
				var ok bool
				if c.content, ok = a.content(t.r[c.r]); !ok {
					x, _ := at(in, 0).register()
					y, isCopy := at(in, 1).register()
					if name(in) != "mov" || !isCopy || x.size != word || y.number == sp {
						return
					}
					c.content = content{from: y.number + 1}
					c.had = s.r[c.r] == s.r[y.number]
				}
			default:
				return
			}
			if had, ok := a.content(s.r[c.r]); ok {
				c.had = c.had || had == c.content
			}
			list = append(list, c)
		})
	}
	return list
}

// number numbers an instruction that is tried.
func (sh *shortener) number() int {
	sh.next++
	return sh.next
}

// earlyMoves lists what registers are given, and where else they could be given
// it before: several could do with one, or it takes less there. Those places are
// behind tests, in front of all blocks, the beginnings of blocks, and behind calls of
// the kernel.
func (sh *shortener) earlyMoves(a *analysis, l *liveness) []variant {
	type key struct {
		r int
		content
	}
	tried := map[key]bool{}
	var list []variant
	tests := sh.tests(l)
	entry := sh.predecessors()[sh.g.Entry]
	for _, c := range sh.constants(a, l) {
		for _, t := range tests {
			if b := sh.g.Blocks[t.block]; (c.place.b == b.Next || c.place.b == b.Code[len(b.Code)-1].Target) && t.before.parts.of(c.r) == 0 {
				list = append(list, func(sh *shortener) bool { return sh.early(sh.ask(t), 0, c.r, c.content) })
			}
		}
		if k := (key{c.r, c.content}); tried[k] || c.content.n > 1<<31 {
			continue
		} else {
			tried[k] = true
		}
		// In front of all others registers are zero.
		if m := masks(l.in[sh.g.Entry].parts.of(c.r)); len(entry) > 1 && c.content.from == 0 && (m == 0 || c.content.isNumber() && m&c.content.n == 0) {
			list = append(list, func(sh *shortener) bool { return sh.early(sh.start(), 0, c.r, c.content) })
		}
		for block, b := range sh.g.Blocks {
			if !a.in[b].reached {
				continue
			}
			try := func(i int, needed parts, s *state) {
				// What matters of the register may be the same in both.
				m, held := masks(needed.of(c.r)), s.r[c.r]
				v, ok := a.content(held)
				same := m == 0 || ok && v == c.content
				if c.content.isNumber() {
					same = same || ok && v.isNumber() && (v.n^c.content.n)&m == 0 || m&c.content.n == 0 && a.t.facts(held).zeros&m == m
				}
				if same {
					list = append(list, func(sh *shortener) bool { return sh.early(sh.g.Blocks[block], i, c.r, c.content) })
				}
			}
			try(0, l.in[b].parts, a.in[b])
			after := make([]need, len(b.Code))
			l.through(b, after)
			walk(a, b, func(i int, _ *flow.Inst, s *state) {
				if i > 0 && s.reached && isSystemCall(&b.Code[i-1]) {
					try(i, after[i-1].parts, s)
				}
			})
		}
	}
	return list
}

// test is a comparison of registers and a branch on it at the end of a block.
type test struct {
	block, index int
	before       need // what matters in front of it
}

// tests lists the tests of the program.
func (sh *shortener) tests(l *liveness) []test {
	var list []test
	for k, b := range sh.g.Blocks {
		i := len(b.Code) - 2
		if i < 0 || b.Next == nil || !isBranch(&b.Code[i+1]) {
			continue
		}
		in := &b.Code[i]
		_, conditional := conditionOf(&b.Code[i+1])
		if e := sh.effect(in); conditional && (name(in) == "cmp" || name(in) == "test") && e.pure() {
			after := make([]need, len(b.Code))
			l.through(b, after)
			list = append(list, test{k, i, sh.before(in, after[i])})
		}
	}
	return list
}

// ask gives a test a block of its own, and lets all come there who go where it
// would send them.
func (sh *shortener) ask(t test) *flow.Block {
	a := sh.analyze()
	l := sh.liveness(a)
	from := sh.g.Blocks[t.block]
	own := &flow.Block{ID: sh.newID(), Code: slices.Clone(from.Code[t.index:]), Next: from.Next}
	branch := &own.Code[1]
	sends := func(s *state, to *flow.Block) bool {
		if to == nil || to != branch.Target && to != own.Next || !s.reached {
			return false
		}
		asked := *s
		a.step(&asked, &own.Code[0], sh.number())
		taken, known := a.decided(&asked, branch)
		return known && taken == (to == branch.Target) && l.in[to].flags&^asked.flags.same(s.flags) == 0
	}
	for _, b := range sh.g.Blocks {
		if b == from || b.Computed {
			continue
		}
		end := *a.in[b]
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			if isBranch(in) {
				taken := *s
				a.edge(&taken, in, true, a.index[b]+i)
				if sends(&taken, in.Target) {
					in.Target = own
				}
			}
			end = *s
			a.advance(&end, in, a.index[b]+i)
		})
		if sends(&end, b.Next) {
			b.Next = own
		}
	}
	from.Code, from.Next = from.Code[:t.index:t.index], own
	sh.g.Blocks = slices.Insert(sh.g.Blocks, t.block+1, own)
	return own
}

// start puts a block in front of the first one.
func (sh *shortener) start() *flow.Block {
	first := &flow.Block{ID: sh.newID(), Name: "start", Next: sh.g.Entry}
	sh.g.Entry = first
	sh.g.Blocks = append([]*flow.Block{first}, sh.g.Blocks...)
	return first
}

// early gives a register some content in front of instruction i of a block, where
// what it holds does not matter, and takes out what gives it the same later.
func (sh *shortener) early(b *flow.Block, i, r int, to content) bool {
	in, ok := sh.give(r, to)
	if !ok {
		return false
	}
	code := []flow.Inst{in}
	b.Code = slices.Insert(slices.Clone(b.Code), i, in)
	a := sh.analyze()
	if a.unclear {
		return false
	}
	saved := 0
	gone := map[place]bool{}
	for _, c := range sh.constants(a, sh.liveness(a)) {
		if c.r != r || !c.had || c.content != to {
			continue
		}
		for k := range c.length {
			gone[place{c.place.b, c.place.i + k}] = true
			saved += size(&c.place.b.Code[c.place.i+k])
		}
	}
	sh.remove(gone)
	sh.note("early numbers", code, saved-sizeOf(code), text(code)+" is done before")
	return saved > 0
}

// remove takes instructions out.
func (sh *shortener) remove(gone map[place]bool) {
	for _, x := range sh.g.Blocks {
		var code []flow.Inst
		for k := range x.Code {
			if !gone[place{x, k}] {
				code = append(code, x.Code[k])
			}
		}
		x.Code = code
	}
}

// webMoves lists moves of webs to other registers, those with copies first.
func (sh *shortener) webMoves(l *liveness, last int) []variant {
	touches := sh.touches(l)
	var first, rest []variant
	for r := range last {
		if r == sp {
			continue
		}
		for k, w := range sh.webs(r, touches) {
			if w.fixed || len(w.uses) == 0 {
				continue
			}
			for o := range last {
				if o == r || o == sp || !sh.mayMove(w, o, l, touches) {
					continue
				}
				v := func(sh *shortener) bool {
					l := sh.liveness(sh.analyze())
					return sh.move(sh.webs(r, sh.touches(l))[k], o)
				}
				if w.copies > 0 {
					first = append(first, v)
				} else {
					rest = append(rest, v)
				}
			}
		}
	}
	return append(first, rest...)
}

// inverted is the branch on the opposite condition; ok is false for those that
// have none.
func inverted(in *flow.Inst) (flow.Inst, bool) {
	cond, ok := conditionOf(in)
	if !ok {
		return flow.Inst{}, false
	}
	return onCondition(in, cond.Not()), true
}

// invert turns branches over where that needs fewer jumps.
func (sh *shortener) invert() {
	if len(sh.g.Blocks) > maxVaried {
		return
	}
	jumps := sh.jumps()
	for _, b := range sh.g.Blocks {
		n := len(b.Code)
		if n == 0 || b.Next == nil || !isBranch(&b.Code[n-1]) {
			continue
		}
		old, next := b.Code[n-1], b.Next
		in, ok := inverted(&old)
		if !ok {
			continue
		}
		in.Target = next
		b.Code[n-1], b.Next = in, old.Target
		if now := sh.jumps(); now < jumps {
			sh.note("inverted branches", []flow.Inst{old}, branchSize*(jumps-now), instText(&old)+" is turned over")
			jumps = now
			continue
		}
		b.Code[n-1], b.Next = old, next
	}
}

// jumps counts the jumps that blocks in the order of the graph need.
func (sh *shortener) jumps() int {
	n := 0
	placed := map[*flow.Block]bool{}
	for _, first := range sh.g.Blocks {
		for b := first; b != nil && !placed[b]; b = b.Next {
			placed[b] = true
			if b.Next != nil && placed[b.Next] {
				n++
			}
		}
	}
	return n
}
