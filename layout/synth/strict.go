package synth

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// strict tries all code of a space instead of what looks promising, and leaves out only
// what can't succeed. The space: code that runs forwards, of instructions of the
// catalogue, at most longest bytes each, whose effect is followed; immediates of one byte
// have any value, longer ones that are not decided a number or an address that is of
// use (useful) or one that leads to it, or nothing is known of them; displacements of four
// bytes are decided, or lead from the instruction to an address of use.
//
// Why nothing is left out that could succeed. Let a continuation be the instructions that
// still run on some way to the last call. Its worth is the sum of worths of its
// instructions: 1 of those of one byte, 5 of those that hold an address of the file or
// leave one on the stack (CALL), 2 of others, nothing of JMP. task.capacity is the most
// that a continuation from a position can be worth, as the instructions that the bytes
// decided at the start leave include all that the bytes decided later do. goal.floor is
// the least that one is worth that makes all calls: it counts instructions by what they
// are there for, none twice.
type strict struct {
	*task
	// capacities are by whether there is the address of a byte of the file already, and by
	// position: see above.
	capacities [2][]int
	best       [2][]int // the most of them from a position on
	stacked    bool     // a call asks for an address on the stack
	addresses  bool     // a call asks for the address of a byte of the file
	floor      int      // of the present state
	made       int      // has of it
	children   []candidate
	visited    map[uint64]struct{}
	random     *rand.Rand // of a probe; nil where all is tried
	weight     float64    // of a probe
	budget     int64
	context    context.Context
	stopped    bool // the budget was used up, or the context has ended
}

// addressed is the index of capacities where there is an address.
const addressed = 1

func newStrict(t *task) *strict {
	x := &strict{task: t, visited: map[uint64]struct{}{}}
	for _, list := range t.goal.wants {
		for _, w := range list {
			x.stacked, x.addresses = x.stacked || w.val.kind() == stack, x.addresses || w.val.kind() == file && !t.goal.cpu.keepsReturn
		}
	}
	x.survey()
	return x
}

// survey finds capacities.
func (x *strict) survey() {
	n := x.size
	for i := range x.capacities {
		x.capacities[i] = slices.Repeat([]int{dead}, n+1)
		x.best[i] = slices.Repeat([]int{dead}, n+longest+1)
	}
	for p := n - 1; p >= 0; p-- {
		at := x.worths(p)
		for i := len(x.capacities) - 1; i >= 0; i-- {
			most := x.reach(&at[pointNowhere], p, i)
			if i == addressed || x.stacked {
				most = max(most, x.reach(&at[pointAtFile], p, i))
			}
			if x.stacked {
				most = max(most, x.reach(&at[pointAtStack], p, i))
			}
			x.capacities[i][p] = max(most, dead)
			x.best[i][p] = max(x.best[i][p+1], x.capacities[i][p])
		}
	}
}

// reach returns the most that a continuation is worth that begins with one of some
// instructions at p.
func (x *strict) reach(w *worths, p, i int) int {
	most := dead
	if w.jumps > 0 {
		most = max(most, x.best[i][min(p+int(w.jumps), x.size)])
	}
	if w.calls && i != addressed {
		most = max(most, addressWorth+x.best[addressed][p+addressWorth])
	}
	if w.last {
		most = max(most, callSize)
	}
	for n := 1; n <= longest && p+n <= x.size; n++ {
		switch worth := int(w.worth[n]) - 1; {
		case worth < 0:
		case worth == addressWorth && i != addressed:
			most = max(most, worth+x.capacities[addressed][p+n], 2+x.capacities[i][p+n])
		default:
			most = max(most, min(worth, 2)+x.capacities[i][p+n])
		}
	}
	return most
}

// Where a register other than the stack pointer has to point for an instruction.
const (
	pointNowhere = iota
	pointAtFile  // or at the stack: it is read there
	pointAtStack // it is changed there
	pointings
)

// worths returns what may stand at p.
func (x *strict) worths(p int) *[pointings]worths {
	limit := min(longest, x.size-p)
	key := uint64(limit)<<32 | uint64(p)
	for k := range 4 {
		key = mix(key ^ uint64(x.ground.known[x.vaddr+k])<<8 ^ uint64(x.value[x.vaddr+k]))
	}
	for i := range limit {
		key = mix(key ^ uint64(x.ground.known[p+i])<<8 ^ uint64(x.value[p+i]))
	}
	if found, ok := x.shaped.Load(key); ok {
		return found.(*[pointings]worths)
	}
	var at [pointings]worths
	x.shapes(p, x.buf[:0], &at)
	x.shaped.Store(key, &at)
	return &at
}

// worths are what instructions at a position may be worth, by length plus 1: 0 is no
// instruction.
type worths struct {
	worth [longest + 1]int8
	last  bool  // it can call the kernel
	jumps int16 // it can lead at least so far; 0 is nowhere
	calls bool  // it can be CALL
}

// shapes adds the instructions at p that begin with the bytes b, by where a register has
// to point for them.
func (x *strict) shapes(p int, b []byte, at *[pointings]worths) {
	var in inst
	switch decode(x.goal.cpu.long, b, &in) {
	case complete:
		if in.length <= longest && p+in.length <= x.size && (in.op == opLea || in.rip || in.dst.where != inMem && in.src.where != inMem || in.base != noReg || in.index != noReg) {
			x.shape(p, b, &in, &at[in.pointing()])
		}
	case unfinished:
		q := p + len(b)
		if q >= x.size || len(b) >= longest {
			return
		}
		known, value := x.ground.known[q], x.value[q]
		switch {
		case known == 0xff:
			x.shapes(p, append(b, value), at)
		case len(b) > 1 && known == 0: // a SIB byte, or one behind a prefix
			for _, v := range specimens(x.goal.cpu.long, b) {
				x.shapes(p, append(b, v), at)
			}
			x.shapes(p, append(b, 0x24), at)
		default:
			for v := range 256 {
				if (byte(v)^value)&known == 0 {
					x.shapes(p, append(b, byte(v)), at)
				}
			}
		}
	}
}

// pointing returns where a register other than the stack pointer has to point for the
// instruction to run.
func (in *inst) pointing() int {
	other := func(r uint8) bool { return r != noReg && r != sp }
	switch {
	case in.op == opLea || in.rip || in.dst.where != inMem && in.src.where != inMem || !other(in.base) && !other(in.index):
		return pointNowhere
	case in.dst.where == inMem && in.op != opCmp && in.op != opTest && in.op != opPush:
		return pointAtStack
	}
	return pointAtFile
}

// least returns the smallest number that the bytes at p can be.
func (x *strict) least(p, size int) (n uint64) {
	for i := range size {
		n |= uint64(x.value[p+i]&x.ground.known[p+i]) << (8 * i)
	}
	return n
}

// addressAgrees reports whether the 4 bytes at an offset can be the address of a byte of
// the file, where bytes b stand at p.
func (x *strict) addressAgrees(p int, b []byte, at int) bool {
	defer x.undo(x.mark())
	for i, c := range b {
		if !x.bind(p+i, 0xff, c) {
			return false
		}
	}
	return x.equate(at+1, 0xf0, 1) && x.equate(at+2, 0xff, 2) && x.equate(at+3, 0xff, 3) && x.addressFits(at)
}

const loop = 0xe2 // the opcode of LOOP, which changes a register

// shape adds an instruction.
func (x *strict) shape(p int, b []byte, in *inst, w *worths) {
	at := p + in.immAt
	worth := x.worthOf(p, in)
	if worth == addressWorth && w.worth[in.length] <= addressWorth && !x.goal.cpu.long && !x.addressAgrees(p, b, at) {
		worth = 2
	}
	if in.op == opCall || in.op == opJmp || in.op == opBranch {
		by := x.least(at, in.immSize)
		if by >= uint64(x.size) || in.immSize == 1 && by > 127 {
			if in.op != opBranch {
				return
			}
		} else if to := int16(by) + int16(in.length); w.jumps == 0 || to < w.jumps {
			w.jumps = to
		}
	}
	switch in.op {
	case opInt:
		if (x.value[at]^0x80)&x.ground.known[at] != 0 {
			return
		}
		w.last = true
	case opSyscall:
		w.last = true
	case opBranch:
		if b[len(b)-1] != loop {
			worth = 0
		}
	case opJmp:
		return
	case opCall:
		w.calls = true
		return
	case opRet:
		w.jumps = 1
		return
	case opCmp, opTest, opNop:
		worth = 0
	case opAdd, opOr, opXor, opSub:
		if n, ok := x.number(at, in.immSize); ok && in.immSize > 0 && n == 0 && in.dst.where == inReg {
			worth = 0
		}
	}
	w.worth[in.length] = max(w.worth[in.length], int8(worth+1))
}

// addressWorth is what an instruction is worth that makes the address of a byte of the
// file, and the bytes that it has at least.
const addressWorth = 5

// worthOf returns the most that an instruction at p is worth.
func (x *strict) worthOf(p int, in *inst) int {
	switch long := x.goal.cpu.long; {
	case in.length == 1:
		return 1
	case long && in.length >= addressWorth, in.immSize == 4 && x.addressFits(p+in.immAt):
		return addressWorth
	}
	return 2
}

// addressFits reports whether the 4 bytes at p can be the address of a byte of the file,
// or, in 64-bit code, the way to one. No file lies below 64 KiB.
func (x *strict) addressFits(p int) bool {
	if x.goal.cpu.long || x.dyn {
		return x.goal.cpu.long
	}
	for k := 2; k < 4; k++ {
		if x.ground.known[p+k] != 0xff || x.value[p+k] != 0 {
			return true
		}
	}
	return false
}

// floor returns the least that a continuation is worth that makes the calls from k on.
//
// It has an instruction worth 2 for each of them. For each value that one of them asks
// for and that is in no register and no word of the stack, an instruction makes it. That
// one is worth 5 where it is the first address of a byte of the file. Of numbers that are
// next to each other each is made by an instruction; and where none is next to what is
// there (begun), the first of them is made by one of 2 bytes, or another one makes
// something next to it first. MUL whose result has a high half that is not zero makes
// two numbers, but those of use are small.
//
// Such an instruction puts one register right. What is wrong besides takes others, each
// of which is worth at least 1: XCHG puts two registers right, POPA all of them, if
// something has been pushed before. Behind a call the register of its number holds the
// result, and other instructions than POPA put that right alone, unless that result is
// asked for.
func (g *goal) floor(s *state, k int) int {
	var some [32]val
	missing := some[:0] // the values to be made
	for _, list := range g.wants[k:] {
		for _, w := range list {
			if !slices.Contains(missing, w.val) && !g.exists(s, w.val) {
				missing = append(missing, w.val)
			}
		}
	}
	return 2*(len(g.wants)-k) + g.makes(s, missing) + g.places(s, k, missing)
}

// makes returns what the instructions are worth at least that make the missing values.
func (g *goal) makes(s *state, missing []val) int {
	total, address := 0, addressWorth
	if g.cpu.keepsReturn || s.addressed() {
		address = 1
	}
	for _, v := range missing {
		switch {
		case v.kind() == file:
			total += address
			address = 1
			continue
		case v.kind() == number && !slices.Contains(missing, plus(v, -1)) && !g.begun(s, v, missing):
			total++
		}
		total++
	}
	return total
}

// addressed reports whether a register or a word of the stack holds the address of a byte
// of the file.
func (s *state) addressed() bool {
	is := func(v val) bool { return v.kind() == file }
	return slices.ContainsFunc(s.reg[:], is) || slices.ContainsFunc(s.slot[:], is)
}

// places returns what the instructions are worth at least that put right what those that
// make the missing values do not.
func (g *goal) places(s *state, k int, missing []val) int {
	// rest is how many registers are left of some that are wanted.
	rest := func(list []want, counts func(w want) bool, made func(v val) bool) (n, found int) {
		for _, w := range list {
			n += btoi(counts(w))
		}
		for _, v := range missing {
			found += btoi(made(v) && slices.ContainsFunc(list, func(w want) bool { return w.val == v && counts(w) }))
		}
		return max(n-found, 0), found
	}
	n, _ := rest(g.wants[k], func(w want) bool { return s.reg[w.reg] != w.val }, func(val) bool { return true })
	singly, together := (n+1)/2, min(n, 1)
	for j := k + 1; j < len(g.wants); j++ {
		// What a call before it asks for is made before that.
		n, found := rest(g.wants[j], func(w want) bool {
			return w.reg == g.number && w.val.kind() != result || w.reg != g.number && g.changes(j, w)
		}, func(v val) bool { return !g.asked(k, j, v) })
		together += min(n, 1)
		result := slices.ContainsFunc(g.wants[j], func(w want) bool { return w.val.kind() == result })
		if found == 0 && n > 0 && !result {
			singly += 1 + n/2
		} else {
			singly += (n + 1) / 2
		}
	}
	if g.cpu.long {
		return singly
	}
	known := slices.ContainsFunc(s.slot[stackBelow:], func(v val) bool { return v.kind() != word })
	if top := s.reg[sp]; !known && top.kind() == stack && top.n() >= 0 {
		together++
	}
	return min(singly, together)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// exists reports whether a value is in a register, on the stack, or not to be made.
func (g *goal) exists(s *state, v val) bool {
	return v.kind() == result || v.kind() == word || v.kind() == piece || slices.Contains(s.reg[:g.cpu.registers()], v) || slices.Contains(s.slot[:], v)
}

// begun reports whether the run of missing numbers that begins with v may be begun by an
// instruction worth 1: INC or DEC of a number next to it, CWDE, or one that makes numbers
// of another kind (CDQ, SALC, LAHF).
func (g *goal) begun(s *state, v val, missing []val) bool {
	last := v
	for slices.Contains(missing, plus(last, 1)) {
		last = plus(last, 1)
	}
	from := func(x val) bool {
		if x.kind() != number {
			return false
		}
		for n := v.n(); n <= last.n(); n++ {
			if n == int64(uint32(int16(x.n()))) || n == int64(uint32(x.n()+1)) || n == int64(uint32(x.n()-1)) {
				return true
			}
		}
		return false
	}
	return v.n() <= 0 || last.n() >= 0xff ||
		slices.ContainsFunc(s.reg[:g.cpu.registers()], from) || slices.ContainsFunc(s.slot[:], from)
}

// expand lists what may stand at ip.
func (x *strict) expand(ip int, s *state, k int) {
	x.ip, x.s, x.k = ip, s, k
	x.children = x.children[:0]
	x.floor = x.goal.floor(s, k)
	x.made = x.has(s)
	x.opcodes(x.buf[:0])
}

// opcodes tries all instructions that begin with the bytes b.
func (x *strict) opcodes(b []byte) {
	var in inst
	switch decode(x.goal.cpu.long, b, &in) {
	case complete:
		if in.length <= longest && x.ip+in.length <= x.size {
			x.operands(b, &in)
		}
	case unfinished:
		p := x.ip + len(b)
		if p >= x.size || len(b) >= longest || x.floor > addressWorth && x.floor-addressWorth > max(x.best[x.made][p], x.best[addressed][p]) {
			return
		}
		x.bytes(p, func(v byte) { x.opcodes(append(b, v)) })
	}
}

// each calls f for all of n alternatives, or for one by chance, and then keeps how many
// there were.
func (x *strict) each(n int, f func(i int)) {
	switch {
	case x.random == nil:
		for i := range n {
			f(i)
		}
	case n > 0:
		x.weight *= float64(n)
		f(x.random.IntN(n))
	}
}

// bytes calls f for each of the values that the byte at p can have.
func (x *strict) bytes(p int, f func(v byte)) {
	var values [256]byte
	list := values[:0]
	for v := range 256 {
		if x.may(p, byte(v)) {
			list = append(list, byte(v))
		}
	}
	x.each(len(list), func(i int) { f(list[i]) })
}

// may reports whether a byte can have a value.
func (x *strict) may(p int, v byte) bool {
	return (v^x.value[p])&x.ground.known[p] == 0 && x.base[p] == 0 && x.allows(p, v) || x.ground.known[p] == 0xff && x.value[p] == v
}

// operands tries the displacements and immediates of an instruction.
func (x *strict) operands(b []byte, in *inst) {
	next := x.ip + in.length
	after := x.capacities[x.made][next]
	switch in.op {
	case opJmp, opBranch, opCall, opRet:
		after = x.best[x.made][next]
	}
	if (in.op == opInt || in.op == opSyscall) && x.k+1 == len(x.goal.wants) {
		after = 0
	}
	if worth := x.worthOf(x.ip, in); worth == addressWorth || in.op == opCall {
		after = max(after, x.best[addressed][next])
	}
	if x.floor-x.worthOf(x.ip, in) > after || in.op != opLea && !x.points(in) {
		return
	}
	// Of operands in memory only what is said of strict.
	memory := in.op != opLea && (in.dst.where == inMem || in.src.where == inMem)
	chosen := func(at, size int) bool { _, decided := x.number(x.ip+at, size); return size > 0 && !decided }
	if memory && chosen(in.immAt, in.immSize) || chosen(in.dispAt, in.dispSize) && in.base != noReg && in.index != noReg {
		return
	}
	switch at := x.ip + in.dispAt; in.dispSize {
	case 0:
		x.immediates(b, in)
	case 1:
		x.bytes(at, func(v byte) {
			if in.disp = int64(int8(v)); memory && in.base == sp && in.disp%int64(x.goal.cpu.ptr) != 0 && chosen(in.dispAt, 1) {
				return
			}
			x.immediates(append(b, v), in)
		})
	default:
		if n, ok := x.number(at, in.dispSize); ok {
			code := little(int64(n), in.dispSize)
			in.disp = signed(code, in.dispSize)
			x.immediates(append(b, code...), in)
			return
		}
		var to []int64
		for _, v := range x.goal.useful[x.k].values {
			if in.rip && (v.kind() == file || v.kind() == piece) {
				to = append(to, v.n()-int64(next))
			}
		}
		x.each(len(to), func(i int) {
			in.disp = to[i]
			x.immediates(append(b, little(in.disp, 4)...), in)
		})
	}
}

// points reports whether an instruction has no operand in memory, or one at an address
// that is known.
func (x *strict) points(in *inst) bool {
	if in.dst.where != inMem && in.src.where != inMem || in.rip {
		return true
	}
	address := func(r uint8) bool {
		return r != noReg && (x.s.reg[r].kind() == stack || x.s.reg[r].kind() == file)
	}
	return address(in.base) || address(in.index)
}

// immediates tries the immediates of an instruction.
func (x *strict) immediates(b []byte, in *inst) {
	at := x.ip + in.immAt
	switch in.immSize {
	case 0:
		x.child(b, 0, -1, in)
		return
	case 1:
		if in.op == opInt {
			x.with(b, in, -0x80)
			return
		}
		x.bytes(at, func(v byte) { x.with(b, in, int64(int8(v))) })
		return
	}
	offset, isAddress := x.addressAt(at, in.immSize)
	if n, ok := x.number(at, in.immSize); ok {
		code := little(int64(n), in.immSize)
		in.imm = num(uint64(signed(code, in.immSize)), 8)
		if isAddress {
			in.imm = of(file, int64(offset))
		}
		x.child(append(b, code...), 0, -1, in)
		return
	}
	if in.op == opJmp || in.op == opBranch || in.op == opCall {
		x.each(x.size-x.ip-in.length, func(i int) { x.with(b, in, int64(i)) })
		return
	}
	list := x.words(in)
	x.each(len(list), func(i int) {
		c, word := *in, &list[i]
		c.imm = word.imm
		x.child(append(b, word.code...), word.dontCare<<in.immAt, word.addr, &c)
	})
}

// immediate4 is what a long immediate may be.
type immediate4 struct {
	imm      val
	code     []byte
	dontCare uint16 // bytes of code that stay undecided, as bits
	addr     int    // see candidate
}

// words lists what the immediate of an instruction may be.
func (x *strict) words(in *inst) []immediate4 {
	list := []immediate4{{of(junk, 0), make([]byte, in.immSize), 1<<in.immSize - 1, -1}}
	var tried []int64
	for _, v := range x.goal.useful[x.k].values {
		switch v.kind() {
		case file:
			list = append(list, immediate4{v, nil, 0, int(v.n())})
		case number:
			for _, n := range [...]int64{v.n(), x.leading(in, v)} {
				if n = extend(uint64(n), in.immSize); !slices.Contains(tried, n) {
					tried = append(tried, n)
					list = append(list, immediate4{num(uint64(n), 8), little(n, in.immSize), 0, -1})
				}
			}
		}
	}
	for _, holds := range x.goal.holds[x.k:] {
		for _, h := range holds {
			if h.bytes > 0 {
				list = append(list, immediate4{h.dontCare, little(h.val.n(), in.immSize), 1<<in.immSize - 1<<h.bytes, -1})
			}
		}
	}
	return list
}

// leading returns the immediate that leads to a number, or the number.
func (x *strict) leading(in *inst, v val) int64 {
	if n, ok := x.immediateFor(in, uint64(v.n())); ok {
		return int64(n)
	}
	return v.n()
}

// with tries an immediate.
func (x *strict) with(b []byte, in *inst, n int64) {
	c := *in
	c.imm = num(uint64(n), 8)
	x.child(append(b, little(n, in.immSize)...), 0, -1, &c)
}

// child adds an instruction, unless what it leads to is hopeless.
func (x *strict) child(code []byte, dontCare uint16, addr int, in *inst) {
	if !x.fits(code, dontCare) {
		return
	}
	s := *x.s
	next, k, ok := x.run(&s, in, x.ip, x.k)
	if !ok || next < x.ip+in.length || !x.stacked && s.strays() {
		return
	}
	if k < len(x.goal.wants) && (next >= x.size || x.goal.floor(&s, k) > x.capacity(&s, next)) {
		return
	}
	c := candidate{imm: in.imm, dontCare: dontCare, addr: int16(addr), length: uint8(in.length)}
	copy(c.code[:], code)
	x.children = append(x.children, c)
}

// has returns whether a state has the address of a byte of the file, or needs none.
func (x *strict) has(s *state) int {
	if !x.addresses || s.addressed() {
		return addressed
	}
	return 0
}

// capacity returns the most that a continuation from a position in a state is worth.
func (x *strict) capacity(s *state, p int) int { return x.capacities[x.has(s)][p] }

// strays reports whether a register other than the stack pointer points at the stack.
func (s *state) strays() bool {
	for r, v := range s.reg {
		if r != sp && v.kind() == stack {
			return true
		}
	}
	return false
}

// take runs a child that was listed at ip. It is false where no file has its bytes.
func (x *strict) take(c *candidate, ip int, s *state, k int) (next, nextCall int, ok bool) {
	in := c.inst(x.goal.cpu.long)
	if !x.place(ip, c, &in) || !x.possible() {
		return 0, 0, false
	}
	x.path = append(x.path, visit{ip, in, *s, k})
	return x.run(s, &in, ip, k)
}

// identity identifies all that the rest of the search depends on.
func (x *strict) identity(ip int, s *state, k int) uint64 {
	h := mix(uint64(ip)<<32|uint64(k)<<16|uint64(s.known)) ^ x.hash
	add := func(v uint64) { h = bits.RotateLeft64((h^v)*0x9e3779b97f4a7c15, 29) }
	add(uint64(s.known & s.flags))
	for _, v := range s.reg {
		add(uint64(v))
	}
	for _, v := range s.slot {
		add(uint64(v))
	}
	if s.addressed() {
		ip = 0 // what has run can be read
	}
	for p := ip; p < x.size; p++ {
		add(uint64(x.ground.known[p])<<16 | uint64(x.value[p])<<8 | uint64(uint8(x.base[p])))
	}
	return mix(h)
}

// hopeless reports whether no continuation is worth what there is to do.
func (x *strict) hopeless() bool {
	s := x.goal.cpu.entry
	return x.goal.floor(&s, 0) > x.capacity(&s, x.entry)
}

// all tries everything, until it has looked at so many states or the context ends.
func (x *strict) all(ctx context.Context, s *search, states int64) (Trial, error) {
	if x.hopeless() {
		return Trial{Outcome: Hopeless}, nil
	}
	x.context, x.budget = ctx, states
	entry := x.goal.cpu.entry
	x.exhaust(x.entry, &entry, 0)
	return x.trial(s, !x.stopped)
}

// estimate takes so many ways by chance, the same for the same number of a task.
func (x *strict) estimate(ctx context.Context, task uint64, ways int) Estimate {
	if x.hopeless() {
		return Estimate{Outcome: Hopeless}
	}
	sum, squares, n := 0.0, 0.0, 0.0
	for i := 0; i < ways && ctx.Err() == nil; i++ {
		states := x.probe(rand.New(rand.NewPCG(task, uint64(i))))
		sum, squares, n = sum+states, squares+states*states, n+1
	}
	e := Estimate{States: sum / n}
	if n > 1 {
		e.Variance = max(squares/n-e.States*e.States, 0) / (n - 1)
	}
	if x.found != nil {
		e.Outcome = Found
	}
	return e
}

// exhaust tries everything behind a state.
func (x *strict) exhaust(ip int, s *state, k int) {
	if x.nodes >= x.budget || x.nodes%looksPerCheck == 0 && x.context.Err() != nil {
		x.stopped = true
	}
	if x.stopped || x.found != nil {
		return
	}
	if k == len(x.goal.wants) {
		x.succeed()
		return
	}
	id := x.identity(ip, s, k)
	if _, known := x.visited[id]; known {
		return
	}
	if len(x.visited) < mostSteps {
		x.visited[id] = struct{}{}
	}
	x.nodes++
	x.digest = mix(x.digest ^ id)
	x.expand(ip, s, k)
	children := slices.Clone(x.children)
	mark, depth := x.mark(), len(x.path)
	for i := range children {
		after := *s
		if next, call, ok := x.take(&children[i], ip, &after, k); ok {
			x.exhaust(next, &after, call)
		}
		x.undo(mark)
		x.path = x.path[:depth]
	}
}

// probe goes down once, at each byte to one of its values by chance, and returns the sum
// of the weights of the states that it meets, a weight being the product of how many
// values there were on the way (Knuth, Estimating the efficiency of backtrack programs,
// 1975). On the average over all ways that is the number of states of the tree, those
// counted more than once that can be reached in several ways.
func (x *strict) probe(random *rand.Rand) (states float64) {
	mark := x.mark()
	defer func() { x.undo(mark); x.path, x.random = x.path[:0], nil }()
	ip, k, s := x.entry, 0, x.goal.cpu.entry
	x.random, x.weight = random, 1
	for len(x.path) < maxDepth {
		states += x.weight
		if k == len(x.goal.wants) {
			x.succeed()
			break
		}
		x.nodes++
		x.expand(ip, &s, k)
		if len(x.children) == 0 {
			break
		}
		var ok bool
		if ip, k, ok = x.take(&x.children[0], ip, &s, k); !ok {
			break
		}
	}
	return states
}
