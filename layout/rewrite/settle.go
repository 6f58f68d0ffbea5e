package rewrite

import (
	"math/bits"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Setting registers. A run of instructions that only give registers values
// which are known in terms of what was there before (numbers, addresses, copies,
// sums with numbers) can be replaced by any other code after which the registers
// that matter hold the same. settle looks for the shortest such code: it tries
// the ways to set one register (settings), one register after the other in every
// order, and gives up a line of attempts when it is as long as the best so far.
// Each attempt costs at least a byte, and the number of attempts is bounded, so
// it ends.

// maxAttempts bounds the attempts for one run.
const maxAttempts = 1000

// settle replaces the longest run of settings from instruction i on.
func settle(c *cursor, i int) (int, []flow.Inst) {
	s := c.s
	var ends []int
	var written []x86.FlagSet
	flags := x86.FlagSet(0)
	j := i
	for j < len(c.code) {
		n := c.settable(&s, j)
		if n == 0 {
			break
		}
		for k := range n {
			e := c.effect(&c.code[j+k])
			flags |= e.flagsWritten
		}
		j += n
		ends = append(ends, j)
		written = append(written, flags)
	}
	for k := len(ends) - 1; k >= 0; k-- {
		end := ends[k]
		after := c.after[end-1]
		if after.flags&written[k] != 0 {
			continue
		}
		code, ok := c.search(i, end, after)
		if !ok {
			return 0, nil
		}
		return end - i, code
	}
	return 0, nil
}

// settable carries s over the instruction at i, or the pair of PUSH and POP
// there, and returns how many it is; 0 if it does something else than to set
// registers to what is known.
func (c *cursor) settable(s *state, i int) int {
	in := &c.code[i]
	if isSystemCall(in) || in.Target != nil {
		return 0
	}
	a := c.a
	if name(in) == "push" && i+1 < len(c.code) && name(&c.code[i+1]) == "pop" {
		r, ok := at(&c.code[i+1], 0).register()
		if !ok || r.size*8 != c.bits() || r.number == sp || !c.stackFree(s, c.after[i+1].parts) || at(in, 0).memory() {
			return 0
		}
		if q, ok := at(in, 0).register(); ok && q.number == sp {
			return 0
		}
		t := *s
		a.step(&t, in, c.index())
		index := c.index()
		a.step(&t, &c.code[i+1], index)
		if v := t.r[r.number]; v.unknown != 0 && a.t.list[v.unknown].key.a == index && a.t.list[v.unknown].key.kind == resultOf {
			return 0
		}
		*s = t
		return 2
	}
	e := c.effect(in)
	if !e.pure() || e.flagsRead != 0 || e.writes == 0 || e.flagsWritten&x86.DF != 0 {
		return 0
	}
	t := *s
	index := c.index()
	a.step(&t, in, index)
	for r := range registers {
		if v := t.r[r]; v.unknown != 0 && a.t.list[v.unknown].key.a == index && a.t.list[v.unknown].key.kind == resultOf {
			return 0
		}
	}
	*s = t
	return 1
}

// stackFree reports whether the memory right below the stack pointer may be
// written: nothing looks there. live are the parts of registers that matter.
func (c *cursor) stackFree(s *state, live parts) bool {
	a := c.a
	top := a.t.facts(s.r[sp])
	if a.below || !top.pointer || top.high >= farAbove || a.escaped < top.high {
		return false
	}
	for r := range registers {
		if r != sp && live.of(r) != 0 && a.t.facts(s.r[r]).pointer && !a.atLeast(s.r[r], s.r[sp]) {
			return false
		}
	}
	return true
}

// settler is a search for settings.
type settler struct {
	c        *cursor
	make     maker
	target   [registers]value
	live     [registers]parts // of the targets; 0 where any content will do
	flags    x86.FlagSet      // that matter behind
	stack    bool             // PUSH and POP may be used
	best     int
	code     []flow.Inst // the best
	path     []setting
	attempts int
	seen     map[[registers]value]int // the fewest bytes by which registers came to hold this
}

// setting is code that sets a register.
type setting struct {
	code []flow.Inst
	size int
	r    int // set to v
	v    value
	o    int // if not r: set to what r held
}

func (c *cursor) search(i, end int, after need) ([]flow.Inst, bool) {
	start := c.s
	s := c.s
	for k := i; k < end; {
		k += c.settable(&s, k)
	}
	t := &settler{c: c, make: maker{bits: c.bits(), source: c.code[i].Source}, target: s.r, flags: after.flags, seen: map[[registers]value]int{}, best: sizeOf(c.code[i:end])}
	live := after.parts
	if c.careful {
		matters := after
		for k := end - 1; k >= i; k-- {
			matters = c.sh.before(&c.code[k], matters)
		}
		for r := range registers {
			if r != sp && matters.parts.of(r) == 0 {
				start.r[r] = c.a.fresh(c.index(), r, unknown{})
			}
		}
	}
	for r := range registers {
		if r != sp {
			t.live[r] = after.parts.of(r)
		}
		// What is read on the way matters for the stack as well.
		if start.r[r] != s.r[r] {
			live |= whole(r)
		}
	}
	t.stack = c.stackFree(&start, live) && c.stackFree(&s, live)
	t.try(start.r, 0)
	c.sh.budget.left -= int64(t.attempts)
	return t.code, t.code != nil
}

// masks are the bits of the parts of a register.
func masks(p parts) uint64 {
	m := uint64(0)
	for i, bits := range []uint64{0xFF, 0xFF00, 0xFFFF0000, 0xFFFFFFFF00000000} {
		if p&(1<<i) != 0 {
			m |= bits
		}
	}
	return m
}

// known is code that was tried before, and its size.
type known struct {
	code []flow.Inst
	size int
}

// tried is an instruction of registers and numbers.
type tried struct {
	name     string
	operands [2][2]int64
}

// one is make.one with a memory: the search tries the same over and over.
func (t *settler) one(name string, operands ...operand) known {
	k := tried{name: name}
	for i, o := range operands {
		if !o.ref.IsZero() || o.memory() {
			code := t.make.one(name, operands...)
			return known{code, sizeOf(code)}
		}
		k.operands[i] = [2]int64{int64(o.Operand.Register), o.Value.N}
	}
	if code, ok := t.c.sh.tried[k]; ok {
		return code
	}
	code := t.make.one(name, operands...)
	t.c.sh.tried[k] = known{code, sizeOf(code)}
	return t.c.sh.tried[k]
}

// two makes one of two.
func two(a, b known) known {
	if a.code == nil || b.code == nil {
		return known{}
	}
	return known{[]flow.Inst{a.code[0], b.code[0]}, a.size + b.size}
}

// enough is the value of a register of which the parts that matter are those of
// its target, and the others are not known.
func enough(r int) value { return value{unknown: -2 - int32(r)} }

// met reports whether v will do where the target of r is wanted.
func (t *settler) met(r int, v value) bool {
	if t.live[r] == 0 || v == t.target[r] || v == enough(r) {
		return true
	}
	if v.unknown < 0 {
		return false
	}
	x, ok1 := v.number()
	y, ok2 := t.target[r].number()
	m := masks(t.live[r])
	if ok1 && ok2 {
		return (x^y)&m == 0
	}
	return ok2 && y&m == 0 && t.c.a.t.facts(v).zeros&m == m
}

// try goes on from registers that hold vals, with cost bytes spent.
func (t *settler) try(vals [registers]value, cost int) {
	t.attempts++
	var open []int
	for r := range registers {
		if !t.met(r, vals[r]) {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		if cost < t.best {
			t.best = cost
			t.code = []flow.Inst{}
			for _, p := range t.path {
				t.code = append(t.code, p.code...)
			}
			for i := range t.code {
				t.code[i].Source = t.make.source
			}
		}
		return
	}
	// An exchange may meet two targets.
	if cost+(len(open)+1)/2 >= t.best || t.attempts > maxAttempts {
		return
	}
	if before, ok := t.seen[vals]; ok && before <= cost {
		return // another order of the same
	}
	t.seen[vals] = cost
	for _, r := range open {
		for _, m := range t.settings(r, &vals) {
			next := vals
			next[m.r] = m.v
			if m.o != m.r {
				next[m.o] = vals[m.r]
			}
			if cost+m.size >= t.best {
				continue
			}
			t.path = append(t.path, m)
			t.try(next, cost+m.size)
			t.path = t.path[:len(t.path)-1]
		}
	}
}

// settings lists ways to bring r to its target, short ones first.
func (t *settler) settings(r int, vals *[registers]value) []setting {
	var list []setting
	a := t.c.a
	word := t.make.bits / 8
	want, cur := t.target[r], vals[r]
	mask := masks(t.live[r]) & a.t.mask()
	exchange := func(v value, o int, k known) {
		if k.code == nil || !t.met(r, v) {
			return
		}
		m := setting{code: k.code, size: k.size, r: r, v: v, o: o}
		i := len(list)
		for i > 0 && list[i-1].size > m.size {
			i--
		}
		list = append(list, setting{})
		copy(list[i+1:], list[i:])
		list[i] = m
	}
	add := func(v value, k known) { exchange(v, r, k) }
	one := t.one
	free := func(f x86.FlagSet) bool { return t.flags&f == 0 }
	const arithmetic = x86.CF | x86.PF | x86.AF | x86.ZF | x86.SF | x86.OF
	n, isNumber := want.number()
	held, isHeld := cur.number()
	small := func(v value) bool { return a.t.facts(v).zeros|limit(4) == all } // fits 32 bits
	// size of the operation by which v may be made
	width := func(v value) int {
		if word == 8 && !small(v) {
			return 8
		}
		return 4
	}
	if isNumber {
		if n&mask == 0 && free(arithmetic) {
			add(number(0), one("xor", reg(r, 4), reg(r, 4)))
		}
		known := ^uint64(0)
		if !isHeld {
			known = a.t.facts(cur).zeros
			held = 0
		}
		rest := func(l uint64) bool { return (n^held)&mask&^l == 0 && mask&^l&^known == 0 }
		after := func(l uint64) value {
			switch {
			case isHeld:
				return number(held&^l | n&l)
			case n&^l == 0 && known|l == all:
				return want
			}
			return enough(r)
		}
		if (r < 4 || word == 8) && rest(0xFF) {
			add(after(0xFF), one("mov", reg(r, 1), imm(int64(n&0xFF))))
		}
		if r < 4 && rest(0xFF00) {
			add(after(0xFF00), one("mov", highReg(r), imm(int64(n>>8&0xFF))))
		}
		if rest(0xFFFF) {
			add(after(0xFFFF), one("mov", reg(r, 2), imm(int64(n&0xFFFF))))
		}
		if isHeld && n == ^held&a.t.mask() {
			add(want, one("not", reg(r, word)))
		}
		if isHeld && n == -held&a.t.mask() && free(arithmetic) {
			add(want, one("neg", reg(r, word)))
		}
		if r == dx && n == 0 && a.t.facts(vals[ax]).zeros>>31&1 == 1 {
			add(want, one("cdq"))
		}
		if r == dx && word == 4 && n == limit(4) {
			if x, ok := vals[ax].number(); ok && x>>31 == 1 {
				add(want, one("cdq"))
			}
		}
		short := int64(n)
		if word == 4 {
			short = int64(int32(n))
		}
		if short >= -128 && short < 128 && t.stack {
			add(want, two(one("push", imm(short)), one("pop", reg(r, word))))
		}
		if isHeld && held == 0 && n != 0 && n&(n-1) == 0 && free(arithmetic) {
			// As long as BTS, but each of the two fits into a smaller gap.
			add(want, two(one("inc", reg(r, 4)), one("shl", reg(r, 4), imm(int64(bits.TrailingZeros64(n))))))
		}
		if bit := n ^ held; isHeld && bit != 0 && bit&(bit-1) == 0 && n&limit(4) == n && free(arithmetic) {
			add(want, one(map[bool]string{true: "bts", false: "btr"}[n&bit != 0], reg(r, 4), imm(int64(bits.TrailingZeros64(bit)))))
		}
		if n == a.t.mask() && free(arithmetic) {
			add(want, one("or", reg(r, word), imm(-1)))
		}
		add(want, one("mov", reg(r, word), imm(short)))
		if n&limit(4) == n {
			add(want, one("mov", reg(r, 4), imm(int64(n))))
		}
	}
	if to, ok := a.t.ref(want); ok && (word == 4 || a.t.lowAddrs) {
		add(want, one("mov", reg(r, 4), immRef(to)))
	}
	// A byte of a number that no signed byte holds into what a register holds. The
	// last registers are the ones that are given numbers least.
	for o := 2*word - 1; o >= 0 && isNumber && n >= 128 && (r < 4 || word == 8); o-- {
		v := vals[o]
		if v.unknown != 0 || o == r || (n^v.offset)&^0xFF != 0 {
			continue
		}
		low := one("mov", reg(r, 1), imm(int64(n&0xFF)))
		if small(v) {
			add(want, two(one("mov", reg(r, 4), reg(o, 4)), low))
		}
		if (r == ax || o == ax) && (t.live[o] == 0 || t.met(o, cur)) {
			exchange(want, o, two(one("xchg", reg(r, word), reg(o, word)), low))
		}
	}
	// From what registers hold.
	for o := range registers {
		v := vals[o]
		if v.unknown != want.unknown || word == 4 && o >= 8 {
			continue
		}
		if o != r && t.met(r, v) {
			w := width(v)
			add(v, one("mov", reg(r, w), reg(o, w)))
			if word == 8 && t.stack && w == 8 && o != sp {
				add(v, two(one("push", reg(o, 8)), one("pop", reg(r, 8))))
			}
			if o != sp && (r == ax || o == ax || t.met(o, cur)) {
				w := 4
				if word == 8 && !(small(v) && small(cur)) {
					w = 8
				}
				exchange(v, o, one("xchg", reg(r, w), reg(o, w)))
			}
		}
		d := a.t.signed((want.offset - v.offset) & a.t.mask())
		if d == 0 {
			continue
		}
		if word == 4 && o != r && free(arithmetic) && isHeldBy(vals, uint64(d)&a.t.mask(), r) >= 0 {
			add(want, two(one("mov", reg(r, 4), reg(o, 4)), one("add", reg(r, 4), reg(isHeldBy(vals, uint64(d)&a.t.mask(), r), 4))))
		}
		if word == 4 && o != r && free(arithmetic) && isHeldBy(vals, uint64(-d)&a.t.mask(), r) >= 0 {
			add(want, two(one("mov", reg(r, 4), reg(o, 4)), one("sub", reg(r, 4), reg(isHeldBy(vals, uint64(-d)&a.t.mask(), r), 4))))
		}
		if d < -128 || d > 128 {
			continue
		}
		w := 8
		if word == 4 || small(v) && small(want) && isNumber {
			w = 4
		}
		if (d == 1 || d == -1) && o != r && o != sp && (r == ax || o == ax) && free(arithmetic&^x86.CF) && (t.live[o] == 0 || t.met(o, cur)) {
			count := map[int64]string{1: "inc", -1: "dec"}[d]
			exchange(want, o, two(one("xchg", reg(r, word), reg(o, word)), one(count, reg(r, w))))
		}
		if o == r {
			switch {
			case d == 1 && free(arithmetic&^x86.CF):
				add(want, one("inc", reg(r, w)))
			case d == -1 && free(arithmetic&^x86.CF):
				add(want, one("dec", reg(r, w)))
			case d != -128 && free(arithmetic) && d < 0:
				add(want, one("sub", reg(r, w), imm(-d)))
			case free(arithmetic) && d < 128:
				add(want, one("add", reg(r, w), imm(d)))
			case free(arithmetic):
				add(want, one("sub", reg(r, w), imm(-128)))
			}
		}
		if d < 128 && o != sp || d < 128 && word == 4 {
			add(want, one("lea", reg(r, w), mem(int64(o), d, t.make.bits, 0)))
		}
	}
	if len(list) > maxSettings {
		list = list[:maxSettings]
	}
	return list
}

// isHeldBy returns a register other than r that holds a number, -1 for none.
func isHeldBy(vals *[registers]value, n uint64, r int) int {
	for o := range vals {
		if v, ok := vals[o].number(); ok && v == n && o != r {
			return o
		}
	}
	return -1
}

// maxSettings bounds the ways that are tried for one register.
const maxSettings = 6
