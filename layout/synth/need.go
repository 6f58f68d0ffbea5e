package synth

import "slices"

// goal is what a Plan asks for in terms of one arrangement of its blobs.
type goal struct {
	cpu    *cpu
	wants  [][]want // by call
	holds  [][]hold // by call: what has to be on the stack
	useful []useful // by call: what is worth having from there on
	spare  []uint32 // by call: the registers that no call from there on reads, as bits
	idle   [][]want // calls that may be made besides
	number uint8    // register of the call's number
	// numbers identifies the numbers that are worth having (task.wanted).
	numbers uint64
}

// want is a value that a register must have at a call.
type want struct {
	reg uint8
	val val
}

// useful is a set of values.
type useful struct {
	small  [8]uint64 // numbers up to 511, as bits
	values []val     // all, in a fixed order
	wanted int       // of values, those that calls ask for; the rest are steps towards them
	zero   bool      // 0 is the first of the rest
}

func (u *useful) has(v val) bool {
	if v.kind() == number {
		if n := v.n(); n >= 0 && n < 512 {
			return u.small[n>>6]>>(n&63)&1 != 0
		}
	}
	for _, x := range u.values {
		if x == v {
			return true
		}
	}
	return false
}

func (u *useful) add(v val) {
	if u.has(v) {
		return
	}
	u.values = append(u.values, v)
	if n := v.n(); v.kind() == number && n >= 0 && n < 512 {
		u.small[n>>6] |= 1 << (n & 63)
	}
}

// hold adds what a word of the stack may hold.
func (u *useful) hold(h hold) {
	u.add(h.val)
	if h.bytes > 0 {
		u.add(h.dontCare)
	}
}

// newGoal translates a plan whose blobs lie at the given offsets, but for the one
// that is put together on the stack; nil stands for none.
func newGoal(p *Plan, c *cpu, blobs []int, b *build) *goal {
	g := &goal{cpu: c, number: registerNumber(p.ABI.Number)}
	size := p.ABI.PointerSize
	for _, call := range p.Calls {
		list := []want{{g.number, num(call.Number, 4)}}
		var holds []hold
		for i, a := range call.Args {
			var v val
			switch a.Kind {
			case Unread:
				continue
			case Constant:
				v = num(uint64(a.Number), size)
			case Address:
				v = of(file, int64(blobs[a.Index])+a.Number)
				if b != nil && a.Index == b.blob {
					v, holds = of(stack, b.stack+a.Number), b.holds(p)
				}
			case StackAddr:
				v = of(stack, a.Number)
			case StackWord:
				v = of(word, int64(a.Index))
				if n, ok := p.Words[a.Index]; ok {
					v = num(n, size)
				}
			case ResultOf:
				v = of(result, int64(a.Index))
			}
			list = append(list, want{registerNumber(p.ABI.Args[i]), v})
		}
		g.wants, g.holds = append(g.wants, list), append(g.holds, holds)
	}
	for _, call := range p.Idle {
		list := []want{{g.number, num(call.Number, 4)}}
		for i, a := range call.Args {
			if a.Kind == Constant {
				list = append(list, want{registerNumber(p.ABI.Args[i]), num(uint64(a.Number), size)})
			}
		}
		g.idle = append(g.idle, list)
	}
	g.useful, g.spare = make([]useful, len(g.wants)), make([]uint32, len(g.wants))
	for k := range g.wants {
		g.spare[k] = ^uint32(1 << sp)
		for j := k; j < len(g.wants); j++ {
			for _, w := range g.wants[j] {
				g.useful[k].add(w.val)
				g.spare[k] &^= 1 << w.reg
			}
			for _, h := range g.holds[j] {
				g.useful[k].hold(h)
			}
		}
		g.useful[k].close(c.ptr)
	}
	for _, v := range g.useful[0].values {
		if v.kind() == number || v.kind() == piece {
			g.numbers = mix(g.numbers ^ uint64(v))
		}
	}
	return g
}

// close completes a set of wanted values with the steps towards them.
func (u *useful) close(ptr int) {
	u.wanted = len(u.values)
	u.zero = !u.has(of(number, 0))
	u.add(of(number, 0))
	for _, v := range u.values[:u.wanted] {
		if v.kind() == number {
			u.add(num(uint64(v.n()+1), ptr))
			u.add(num(uint64(v.n()-1), ptr))
		}
	}
}

// worthMaking returns the values that are worth more than one byte, or a place
// on the stack.
func (u *useful) worthMaking() []val {
	if u.zero {
		return u.values[:u.wanted+1]
	}
	return u.values[:u.wanted]
}

// asks reports whether a call that follows when call k is next asks for a value
// in a register.
func (g *goal) asks(k int, reg uint8, v val) bool {
	for _, list := range g.wants[k:] {
		for _, w := range list {
			if w.reg == reg && w.val == v {
				return true
			}
		}
	}
	return false
}

// varies reports whether calls from k on ask different values in a register.
func (g *goal) varies(k, reg int) bool {
	first, found := val(0), false
	for _, list := range g.wants[k:] {
		for _, w := range list {
			if int(w.reg) != reg {
				continue
			}
			if found && w.val != first {
				return true
			}
			first, found = w.val, true
		}
	}
	return false
}

// missing collects the values worth making in state s before call k: those that
// do not lie already where each call that asks for them looks.
func (g *goal) missing(u *useful, s *state, k int) {
	*u = useful{values: u.values[:0]}
	var changed uint32 // registers that calls from k on ask another value of
	for j := k; j < len(g.wants); j++ {
		for _, w := range g.wants[j] {
			if s.reg[w.reg] != w.val {
				changed |= 1 << w.reg
			}
			if changed>>w.reg&1 != 0 {
				u.add(w.val)
			}
		}
		for _, h := range g.holds[j] {
			if !g.held(s, h) {
				u.hold(h)
			}
		}
	}
	u.close(g.cpu.ptr)
}

// met reports whether all registers are as call k asks.
func (g *goal) met(s *state, k int) bool {
	if !s.has(g.wants[k]) {
		return false
	}
	for _, h := range g.holds[k] {
		if !g.held(s, h) {
			return false
		}
	}
	return true
}

// idles reports whether all registers are as one of the calls asks that may be
// made besides.
func (g *goal) idles(s *state) bool {
	for _, list := range g.idle {
		if s.has(list) {
			return true
		}
	}
	return false
}

// has reports whether all registers hold what is wanted.
func (s *state) has(list []want) bool {
	for _, w := range list {
		if s.reg[w.reg] != w.val {
			return false
		}
	}
	return true
}

// held reports whether the part of the stack in use holds a word.
func (g *goal) held(s *state, h hold) bool {
	top := s.reg[sp]
	i, _ := slotAt(h.at, g.cpu.ptr)
	v, ok := s.load(i)
	return ok && h.met(v) && top.kind() == stack && top.n() <= h.at
}

// crowded reports whether the stack pointer is too low for the last word to be pushed
// where call k looks for it: words have to be popped before.
func (g *goal) crowded(s *state, k int) bool {
	if k >= len(g.holds) || len(g.holds[k]) == 0 {
		return false
	}
	last := g.holds[k][len(g.holds[k])-1]
	return s.reg[sp].n() < last.at+int64(g.cpu.ptr) && !g.held(s, last)
}

// met reports whether a word will do.
func (h *hold) met(v val) bool {
	if v == h.val {
		return true
	}
	return h.bytes > 0 && (v == h.dontCare || v.kind() == number && uint64(v.n()^h.val.n())&mask(h.bytes) == 0)
}

// build estimates the bytes that put together what call k wants on the stack.
func (g *goal) build(s *state, k int) int {
	n, pieces := 0, 0
	for _, h := range g.holds[k] {
		switch {
		case g.held(s, h):
		case g.somewhere(s, h.val):
			n++
		case h.val.kind() == piece:
			pieces++
		case h.val.n() >= -128 && h.val.n() < 128:
			n += 2
		case h.bytes > 0:
			n += 1 + h.bytes
		default:
			n += 5
		}
	}
	if g.crowded(s, k) {
		n++
	}
	// PUSH takes 3 bytes with a register that points into the file, and 6 without.
	switch {
	case pieces == 0:
	case s.points():
		n += 3 * pieces
	case g.cpu.keepsReturn && g.idles(s):
		n += 2 + 3*pieces
	default:
		n += 6 * pieces
	}
	return n
}

// points reports whether a register holds an address in the file.
func (s *state) points() bool {
	for _, v := range s.reg {
		if v.kind() == file {
			return true
		}
	}
	return false
}

// need estimates from below how many bytes of instructions are still needed
// when call k is next. It is not a strict bound: a coincidence may do
// with less.
func (g *goal) need(s *state, k int) int { return g.needFor(s, k, false) }

// atLeast estimates what has to fit into bytes that have not run yet: all that is
// needed; or, where the program may come by again, what the registers of the next
// call need and, unless a product will do, the numbers of the calls behind it.
func (g *goal) atLeast(s *state, k, need int, product bool) int {
	if len(g.idle) == 0 {
		return need
	}
	total := g.needFor(s, k, true)
	for j := k + 1; j < len(g.wants) && !product; j++ {
		for _, w := range g.wants[j] {
			if w.val.kind() == number && !g.somewhere(s, w.val) && !g.asked(k, j, w.val) && !g.kept(s, w.val) {
				total += g.create(s, w)
			}
		}
	}
	return total
}

// needFor estimates the need of the next call alone, or of all.
func (g *goal) needFor(s *state, k int, next bool) int {
	total := g.prepare(s, k)
	if g.cpu.ptr == 4 && total > 1 {
		// What popa would bring back costs one byte.
		if top := s.reg[sp]; top.kind() == stack && top.n() <= -32 {
			t := *s
			for r := 7; r >= 0; r-- {
				v, ok := t.pop(4)
				if !ok {
					break
				}
				if r != sp {
					t.reg[r] = v
				}
			}
			total = min(total, 1+g.prepare(&t, k))
		}
	}
	if next {
		return total
	}
	total += 2
	for j := k + 1; j < len(g.wants); j++ {
		total += 2 + g.later(s, k, j) + g.build(s, j)
	}
	return total
}

// prepare estimates the bytes that set the registers for call k.
func (g *goal) prepare(s *state, k int) int {
	var wrong [len(s.reg)]want
	moves, makes := 0, 0
	for i, w := range g.wants[k] {
		if s.reg[w.reg] == w.val {
			continue
		}
		if w.val.kind() != stack && g.somewhere(s, w.val) || w.val.kind() == stack && g.copied(s, w.val) {
			wrong[moves] = w
			moves++
			continue
		}
		again := false
		for _, x := range g.wants[k][:i] {
			again = again || x.val == w.val && s.reg[x.reg] != x.val
		}
		switch {
		case again && w.val == of(number, 0):
			moves++
		case again:
			makes += min(g.create(s, w), copySize)
		default:
			makes += g.create(s, w)
		}
	}
	makes += g.build(s, k)
	if g.cpu.long {
		return makes + moves
	}
	return makes + moves - s.cycles(wrong[:moves])
}

// cycles returns how many sets of registers there are, at most and without common ones,
// that hold what they want together, each what another of them wants. XCHG puts two
// values where they are wanted at the end of such a set; any other instruction one.
func (s *state) cycles(wrong []want) int {
	if len(wrong) < 2 {
		return 0
	}
	// from leads from a register on, to the one that holds what the last one wants.
	var from func(value val, left []want) int
	from = func(value val, left []want) int {
		most := -1
		for i, w := range left {
			if s.reg[w.reg] != value {
				continue
			}
			left[0], left[i] = left[i], left[0]
			if w.val == s.reg[wrong[0].reg] {
				most = max(most, 1+s.cycles(slices.Clone(left[1:])))
			}
			most = max(most, from(w.val, slices.Clone(left[1:])))
			left[0], left[i] = left[i], left[0]
		}
		return most
	}
	return max(s.cycles(wrong[1:]), from(wrong[0].val, slices.Clone(wrong[1:])))
}

// somewhere reports whether a register or the top of the stack has the value.
func (g *goal) somewhere(s *state, v val) bool {
	for r := range s.reg[:g.cpu.registers()] {
		if s.reg[r] == v {
			return true
		}
	}
	if top := s.reg[sp]; top.kind() == stack {
		if i, ok := slotAt(top.n(), g.cpu.ptr); ok {
			x, ok := s.load(i)
			return ok && x == v
		}
	}
	return false
}

// copySize is how many bytes a second register takes that holds the same, or one that
// holds what the stack pointer does: MOV, or PUSH and POP.
const copySize = 2

// copied reports whether a register other than the stack pointer, or the top of the
// stack, has an address on the stack.
func (g *goal) copied(s *state, v val) bool {
	t := *s
	t.reg[sp] = of(junk, 0)
	if g.somewhere(&t, v) {
		return true
	}
	top := s.reg[sp]
	if top.kind() != stack {
		return false
	}
	i, ok := slotAt(top.n(), g.cpu.ptr)
	x, found := s.load(i)
	return ok && found && x == v
}

// create estimates the bytes that make a value which is nowhere, in the register
// that wants it.
func (g *goal) create(s *state, w want) int {
	switch w.val.kind() {
	case number:
		return g.createNumber(s, w)
	case file:
		if s.points() {
			return 1
		}
		return 5
	case stack:
		for r := range s.reg[:g.cpu.registers()] {
			if r != sp && s.reg[r].kind() == stack {
				return 1
			}
		}
		return copySize
	case word:
		top := s.reg[sp]
		if top.kind() == stack {
			if d := w.val.n() - top.n()/int64(g.cpu.ptr); d >= 0 {
				return int(min(d+1, 4))
			}
		}
		return 4
	}
	return 1
}

// createNumber is create of a number.
func (g *goal) createNumber(s *state, w want) int {
	long, n := g.cpu.long, w.val.n()
	switch {
	case !long && g.near(s, w.val):
		return 1
	case long && w.reg < 8 && nextTo(s.reg[w.reg], w.val):
		return 2
	case n == 0:
		return 1
	}
	inByte := func(r int) bool { // whether MOV into the low byte of r makes it
		x := s.reg[r]
		return x.kind() == number && (x.n()^n)>>8 == 0
	}
	if long && w.reg < 4 && inByte(int(w.reg)) {
		return 2
	}
	for r := range s.reg[:g.cpu.registers()] {
		if inByte(r) && !long {
			return 2
		}
		if inByte(r) && r < 4 {
			return 3
		}
	}
	if n < -128 || n > 127 && n < 1<<32-128 {
		return 4
	}
	return 3
}

// nextTo reports whether one step leads from one number to another.
func nextTo(x, v val) bool {
	d := x.n() - v.n()
	return x.kind() == number && (d == 1 || d == -1)
}

// near reports whether one step leads from a register to a number.
func (g *goal) near(s *state, v val) bool {
	for r := range s.reg[:g.cpu.registers()] {
		if nextTo(s.reg[r], v) {
			return true
		}
	}
	return false
}

// later estimates the bytes that set the registers for a call after the next.
func (g *goal) later(s *state, k, j int) int {
	cost, changed, made := 0, 0, 0
	lost := false // the call before leaves its number only in a register that changes
	for _, w := range g.wants[j] {
		if w.reg == g.number || g.changes(j, w) {
			changed++
		}
		if w.val.kind() == result || g.somewhere(s, w.val) || g.asked(k, j, w.val) || g.kept(s, w.val) {
			lost = lost || w.reg == g.number && !g.survives(s, k, j, w.val)
			continue
		}
		c := g.create(s, w)
		if w.val.kind() == number && !(g.cpu.long && w.reg == g.number) {
			c = min(c, 2)
		}
		cost += c
		made++
	}
	// What is made may be made where it is wanted, the rest has to be moved.
	if made > 0 && made < changed {
		cost++
		if lost && !g.cpu.long {
			cost++
		}
	}
	// One instruction sets one register, but for xchg, which takes the other
	// value from where it is wanted, and popa.
	if changed > 1 && !g.saved(s, j) {
		return max(cost, 2)
	}
	return max(cost, 1)
}

// survives reports whether a value lies where no call from k up to j needs another:
// on the stack, or in a register that none of them reads.
func (g *goal) survives(s *state, k, j int, v val) bool {
	if g.kept(s, v) {
		return true
	}
	read := uint32(1 << sp)
	for _, list := range g.wants[k : j+1] {
		for _, w := range list {
			read |= 1 << w.reg
		}
	}
	for r := range s.reg[:g.cpu.registers()] {
		if read>>r&1 == 0 && s.reg[r] == v {
			return true
		}
	}
	return false
}

// changes reports whether the call before call j asks for another value in the
// register.
func (g *goal) changes(j int, w want) bool {
	for _, x := range g.wants[j-1] {
		if x.reg == w.reg {
			return x.val != w.val
		}
	}
	return false
}

// saved reports whether popa sets all registers for call j.
func (g *goal) saved(s *state, j int) bool {
	top := s.reg[sp]
	if g.cpu.ptr != 4 || top.kind() != stack || top.n() > -32 {
		return false
	}
	i, ok := slotAt(top.n(), 4)
	for _, w := range g.wants[j] {
		v, found := s.load(i + 7 - int(w.reg))
		ok = ok && found && v == w.val
	}
	return ok
}

// asked reports whether a call from k up to j asks for the value.
func (g *goal) asked(k, j int, v val) bool {
	for _, list := range g.wants[k:j] {
		for _, w := range list {
			if w.val == v {
				return true
			}
		}
	}
	return false
}

// kept reports whether the part of the stack in use holds the value.
func (g *goal) kept(s *state, v val) bool {
	top := s.reg[sp]
	if top.kind() != stack {
		return false
	}
	i, ok := slotAt(top.n(), g.cpu.ptr)
	if !ok || i < 0 {
		return false
	}
	for ; i < stackBelow; i++ {
		if s.slot[i] == v {
			return true
		}
	}
	return false
}
