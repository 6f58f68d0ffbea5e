package rewrite

import (
	"math/bits"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Constant materialisation. A run of instructions that only give registers values
// which are known in terms of what was there before (numbers, addresses, copies,
// sums with numbers) can be replaced by any other code after which the registers
// that matter hold the same. materialise looks for the shortest such code: it tries
// the ways to set one register, one register after the other in every
// order, and gives up a line of attempts when it is as long as the best so far.
// Each attempt costs at least a byte, and the number of attempts is bounded, so
// it ends.

// materialise replaces the longest run that sets registers from instruction i on.
func materialise(c *cursor, i int) (int, []flow.Inst) {
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

// materialiser is a search for the shortest code.
type materialiser struct {
	c        *cursor
	make     maker
	target   [registers]value
	live     [registers]parts // of the targets; 0 where any content will do
	flags    x86.FlagSet      // that matter behind
	stack    bool             // PUSH and POP may be used
	best     int
	code     []flow.Inst // the best
	path     []way
	attempts int
	seen     map[[registers]value]int // the fewest bytes by which registers came to hold this
}

// way is code that sets a register.
type way struct {
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
	t := &materialiser{c: c, make: maker{bits: c.bits(), source: c.code[i].Source}, target: s.r, flags: after.flags, seen: map[[registers]value]int{}, best: sizeOf(c.code[i:end])}
	live := after.parts
	if c.liveOnly {
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
func (t *materialiser) one(name string, operands ...operand) known {
	k := tried{name: name}
	for i, o := range operands {
		if !o.ref.IsZero() || o.memory() {
			code := t.make.one(name, operands...)
			return known{code, sizeOf(code)}
		}
		k.operands[i] = [2]int64{int64(o.Operand.Register), o.Value.N}
	}
	code, ok := t.c.sh.tried[k]
	if !ok {
		made := t.make.one(name, slices.Clone(operands)...)
		code = known{made, sizeOf(made)}
		t.c.sh.tried[k] = code
	}
	return code
}

// sum is LEA of register o plus a number, remembered likewise.
func (t *materialiser) sum(to operand, o int, d int64) known {
	k := tried{"lea", [2][2]int64{{int64(to.Operand.Register)}, {int64(o), d}}}
	code, ok := t.c.sh.tried[k]
	if !ok {
		made := t.make.one("lea", to, mem(int64(o), d, t.make.bits, 0))
		code = known{made, sizeOf(made)}
		t.c.sh.tried[k] = code
	}
	return code
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
func (t *materialiser) met(r int, v value) bool {
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
func (t *materialiser) try(vals [registers]value, cost int) {
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
		for _, m := range t.ways(r, &vals) {
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

// ways lists ways to bring r to its target, short ones first.
func (t *materialiser) ways(r int, vals *[registers]value) []way {
	x := &target{materialiser: t, r: r, vals: vals, want: t.target[r], cur: vals[r], word: t.make.bits / 8, list: make([]way, 0, 16)}
	x.mask = masks(t.live[r]) & t.c.a.t.mask()
	x.held, x.isHeld = x.cur.number()
	if n, ok := x.want.number(); ok {
		x.isNumber, x.n = true, n
		x.inParts()
		x.fromItself()
		x.fromSign()
		x.short()
		x.oneBit()
		x.whole()
	}
	if to, ok := t.c.a.t.ref(x.want); ok && (x.word == 4 || t.c.a.t.lowAddrs) {
		x.add(x.want, t.one("mov", reg(r, 4), immRef(to)))
	}
	x.lowByteInto()
	for o := range registers {
		if vals[o].unknown == x.want.unknown && (x.word == 8 || o < 8) {
			x.copied(o)
			x.computed(o)
		}
	}
	return x.list[:min(len(x.list), maxWays)]
}

// target is a register that is to be brought to its value.
type target struct {
	*materialiser
	r         int
	vals      *[registers]value // what registers hold
	want, cur value             // of r
	word      int               // size of a register, in bytes
	mask      uint64            // bits of r that matter
	// The numbers that want and cur are, if they are some.
	n, held          uint64
	isNumber, isHeld bool
	list             []way // by size
}

// add adds code that makes r hold v, if that will do.
func (x *target) add(v value, k known) { x.exchange(v, x.r, k) }

// exchange is add for code after which register o holds what r held.
func (x *target) exchange(v value, o int, k known) {
	if k.code == nil || !x.met(x.r, v) {
		return
	}
	w := way{code: k.code, size: k.size, r: x.r, v: v, o: o}
	i := len(x.list)
	for i > 0 && x.list[i-1].size > w.size {
		i--
	}
	x.list = slices.Insert(x.list, i, w)
}

// free reports whether flags may be changed.
func (x *target) free(f x86.FlagSet) bool { return x.flags&f == 0 }

// small reports whether a value fits 32 bits.
func (x *target) small(v value) bool { return x.c.a.t.facts(v).zeros|limit(4) == all }

// inParts clears the register, or gives it the bytes alone in which its number is
// another one.
func (x *target) inParts() {
	r, n := x.r, x.n
	if n&x.mask == 0 && x.free(arithmeticFlags) {
		x.add(number(0), x.one("xor", reg(r, 4), reg(r, 4)))
	}
	zeros, held := ^uint64(0), x.held
	if !x.isHeld {
		zeros, held = x.c.a.t.facts(x.cur).zeros, 0
	}
	part := func(l uint64, to operand, number uint64) {
		if (n^held)&x.mask&^l != 0 || x.mask&^l&^zeros != 0 {
			return
		}
		v := enough(r)
		switch {
		case x.isHeld:
			v = value{offset: held&^l | n&l}
		case n&^l == 0 && zeros|l == all:
			v = x.want
		}
		x.add(v, x.one("mov", to, imm(int64(number))))
	}
	if r < 4 || x.word == 8 {
		part(0xFF, reg(r, 1), n&0xFF)
	}
	if r < 4 {
		part(0xFF00, highReg(r), n>>8&0xFF)
	}
	part(0xFFFF, reg(r, 2), n&0xFFFF)
}

// fromItself inverts or negates what the register holds.
func (x *target) fromItself() {
	if x.isHeld && x.n == ^x.held&x.c.a.t.mask() {
		x.add(x.want, x.one("not", reg(x.r, x.word)))
	}
	if x.isHeld && x.n == -x.held&x.c.a.t.mask() && x.free(arithmeticFlags) {
		x.add(x.want, x.one("neg", reg(x.r, x.word)))
	}
}

// fromSign gives dx the sign of ax.
func (x *target) fromSign() {
	if x.r != dx {
		return
	}
	if x.n == 0 && x.c.a.t.facts(x.vals[ax]).zeros>>31&1 == 1 {
		x.add(x.want, x.one("cdq"))
	}
	if accumulator, ok := x.vals[ax].number(); ok && x.word == 4 && x.n == limit(4) && accumulator>>31 == 1 {
		x.add(x.want, x.one("cdq"))
	}
}

// signed is the number as an immediate.
func (x *target) signed() int64 {
	if x.word == 4 {
		return int64(int32(x.n))
	}
	return int64(x.n)
}

// short pushes a signed byte and pops it.
func (x *target) short() {
	if n := x.signed(); n >= -128 && n < 128 && x.stack {
		x.add(x.want, two(x.one("push", imm(n)), x.one("pop", reg(x.r, x.word))))
	}
}

// oneBit makes a number of which one bit is not as the register holds it.
func (x *target) oneBit() {
	r, n, bit := x.r, x.n, x.n^x.held
	if !x.isHeld || !x.free(arithmeticFlags) || bit == 0 || bit&(bit-1) != 0 {
		return
	}
	at := imm(int64(bits.TrailingZeros64(bit)))
	if x.held == 0 {
		// As long as BTS, but each of the two fits into a smaller gap.
		x.add(x.want, two(x.one("inc", reg(r, 4)), x.one("shl", reg(r, 4), at)))
	}
	if n&limit(4) == n {
		x.add(x.want, x.one(map[bool]string{true: "bts", false: "btr"}[n&bit != 0], reg(r, 4), at))
	}
}

// whole gives the register the whole number.
func (x *target) whole() {
	r, n := x.r, x.n
	if n == x.c.a.t.mask() && x.free(arithmeticFlags) {
		x.add(x.want, x.one("or", reg(r, x.word), imm(-1)))
	}
	x.add(x.want, x.one("mov", reg(r, x.word), imm(x.signed())))
	if n&limit(4) == n {
		x.add(x.want, x.one("mov", reg(r, 4), imm(int64(n))))
	}
}

// lowByteInto puts a byte of a number that no signed byte holds into what another
// register holds. The last registers are the ones that are given numbers least.
func (x *target) lowByteInto() {
	r, n := x.r, x.n
	if !x.isNumber || n < 128 || r >= 4 && x.word == 4 {
		return
	}
	for o := 2*x.word - 1; o >= 0; o-- {
		v := x.vals[o]
		if v.unknown != 0 || o == r || (n^v.offset)&^0xFF != 0 {
			continue
		}
		low := x.one("mov", reg(r, 1), imm(int64(n&0xFF)))
		if x.small(v) {
			x.add(x.want, two(x.one("mov", reg(r, 4), reg(o, 4)), low))
		}
		if (r == ax || o == ax) && (x.live[o] == 0 || x.met(o, x.cur)) {
			x.exchange(x.want, o, two(x.one("xchg", reg(r, x.word), reg(o, x.word)), low))
		}
	}
}

// copied takes what register o holds, if that will do.
func (x *target) copied(o int) {
	r, v := x.r, x.vals[o]
	if o == r || !x.met(r, v) {
		return
	}
	size, both := 4, 4
	if x.word == 8 && !x.small(v) {
		size = 8
	}
	if x.word == 8 && !(x.small(v) && x.small(x.cur)) {
		both = 8
	}
	x.add(v, x.one("mov", reg(r, size), reg(o, size)))
	if x.stack && size == 8 && o != sp {
		x.add(v, two(x.one("push", reg(o, 8)), x.one("pop", reg(r, 8))))
	}
	if o != sp && (r == ax || o == ax || x.met(o, x.cur)) {
		x.exchange(v, o, x.one("xchg", reg(r, both), reg(o, both)))
	}
}

// computed adds a number to what register o holds.
func (x *target) computed(o int) {
	t := x.c.a.t
	r, v := x.r, x.vals[o]
	d := t.signed((x.want.offset - v.offset) & t.mask())
	if d == 0 {
		return
	}
	if x.word == 4 && o != r && x.free(arithmeticFlags) {
		x.summed(o, "add", uint64(d))
		x.summed(o, "sub", uint64(-d))
	}
	if d < -128 || d > 128 {
		return
	}
	size := 8
	if x.word == 4 || x.small(v) && x.small(x.want) && x.isNumber {
		size = 4
	}
	if count := counts[d]; count != "" && o != r && o != sp && (r == ax || o == ax) && x.free(allButCarry) && (x.live[o] == 0 || x.met(o, x.cur)) {
		x.exchange(x.want, o, two(x.one("xchg", reg(r, x.word), reg(o, x.word)), x.one(count, reg(r, size))))
	}
	if o == r {
		x.add(x.want, x.plus(d, reg(r, size)))
	}
	if d < 128 && (o != sp || x.word == 4) {
		x.add(x.want, x.sum(reg(r, size), o, d))
	}
}

// counts are the instructions that add a number by counting.
var counts = map[int64]string{1: "inc", -1: "dec"}

// plus adds a number from -128 to 128 to a register.
func (x *target) plus(d int64, to operand) known {
	switch {
	case counts[d] != "" && x.free(allButCarry):
		return x.one(counts[d], to)
	case !x.free(arithmeticFlags):
		return known{}
	case d < 0 && d != -128:
		return x.one("sub", to, imm(-d))
	case d < 128:
		return x.one("add", to, imm(d))
	}
	return x.one("sub", to, imm(-128))
}

// summed adds or subtracts, from register o, a register that holds a number.
func (x *target) summed(o int, operation string, n uint64) {
	if q := isHeldBy(x.vals, n&x.c.a.t.mask(), x.r); q >= 0 {
		x.add(x.want, two(x.one("mov", reg(x.r, 4), reg(o, 4)), x.one(operation, reg(x.r, 4), reg(q, 4))))
	}
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
