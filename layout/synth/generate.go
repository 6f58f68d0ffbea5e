package synth

import (
	"slices"
	"sync"

	"tasm/codegen/x86"
)

// candidate is an instruction that may stand at a position. A search keeps
// millions of them, so it holds no more than what inst needs.
type candidate struct {
	imm      val    // of the instruction; junk where its bytes are left open
	dontCare uint16 // bytes of code that stay undecided, as bits
	addr     int16  // file offset whose address the immediate is; -1 for none
	need     int16  // bytes still needed behind it
	takes    int16  // open bytes that it takes up
	code     [15]byte
	length   uint8
	pad      bool // it only fills room
	noted    bool // the state it leads to is in task.seen
}

// inst decodes the instruction.
func (c *candidate) inst(long bool) inst {
	var in inst
	decode(long, c.code[:c.length], &in)
	in.disp = signed(c.code[in.dispAt:], in.dispSize)
	in.imm = c.imm
	return in
}

// filler is the instruction that does nothing.
const filler = 0x90

// generate lists the instructions worth trying at ip.
func (t *task) generate(ip int, s *state, k int, padding bool, out []candidate) []candidate {
	t.ip, t.s, t.k, t.out = ip, s, k, out
	t.changes, t.needs = t.changes[:0], t.needs[:0]
	room := 0
	for room < 8 && t.open(ip+room) {
		room++
	}
	t.room = room
	t.goal.missing(&t.missing, s, k)
	t.findTwins()
	if room < 6 {
		t.bridges = [16][sideEffects]int{}
		t.structure(t.buf[:0])
	}
	if room > 0 {
		if !padding {
			t.effects(room)
		}
		t.fill()
	}
	return t.out
}

// findTwins finds the registers that no call reads and that hold the same as one
// before them: what can be done with one of them can be done with the other.
func (t *task) findTwins() {
	t.twins = 0
	spare := t.goal.spare[t.k]
	for r := 1; r < len(t.s.reg); r++ {
		if spare>>r&1 == 0 {
			continue
		}
		for b := range r {
			if spare>>b&1 != 0 && t.s.reg[b] == t.s.reg[r] {
				t.twins |= 1 << r
				break
			}
		}
	}
}

// twin reports whether an instruction uses a register where another would do as
// well.
func (t *task) twin(in *inst) bool {
	for _, o := range [...]operand{in.dst, in.src} {
		if o.where == inReg && t.twins>>o.reg&1 != 0 {
			for i := range in.length - in.immSize - in.dispSize {
				if p := t.ip + i; !t.open(p) || t.linked[p] {
					return false
				}
			}
			return true
		}
	}
	return false
}

// jump tries a short jump to a place. Where its opcode is linked to other bytes, which may
// run as code too, the conditional jumps that are taken are tried besides.
func (t *task) jump(target int) {
	if d := target - t.ip - len(t.prefix) - jumpSize; (d > 0 || d < -jumpSize) && d >= -128 && d <= 127 {
		t.offer(0xeb, byte(d))
		if t.ip < len(t.linked) && t.linked[t.ip] {
			for opcode := byte(0x70); opcode < 0x80; opcode++ {
				if t.taken(opcode) {
					t.offer(opcode, byte(d))
				}
			}
		}
	}
}

// taken reports whether a conditional jump with an opcode of one byte is certain to jump.
func (t *task) taken(opcode byte) bool {
	var in inst
	s := *t.s
	decode(t.goal.cpu.long, []byte{opcode}, &in)
	in.imm = num(1, 8)
	e, _ := t.goal.cpu.step(&s, &in, t.ip)
	return e == jumps
}

// fill tries the instruction that does nothing.
func (t *task) fill() {
	t.pad = true
	t.offer(filler)
	t.pad = false
}

// offer tries an instruction whose bytes are all given.
func (t *task) offer(code ...byte) {
	if t.prefix != nil {
		code = slices.Concat(t.prefix, code)
	}
	if len(code) > t.room {
		return
	}
	var in inst
	if decode(t.goal.cpu.long, code, &in) != complete || in.length != len(code) {
		return
	}
	in.disp = signed(code[in.dispAt:], in.dispSize)
	in.imm = num(uint64(signed(code[in.immAt:], in.immSize)), 8)
	t.consider(code, 0, -1, &in)
}

// signed reads a little-endian number of size bytes.
func signed(b []byte, size int) int64 {
	var n uint64
	for i := range size {
		n |= uint64(b[i]) << (8 * i)
	}
	if size == 0 {
		return 0
	}
	return extend(n, size)
}

// extend continues the sign of a number of size bytes.
func extend(n uint64, size int) int64 {
	shift := 64 - 8*size
	return int64(n<<shift) >> shift
}

func little(n int64, size int) []byte {
	b := make([]byte, 0, 8)
	for i := range size {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

// consider adds the instruction to the list unless it is certain to lead
// nowhere.
func (t *task) consider(code []byte, dontCare uint16, addr int, in *inst) {
	if !t.fits(code, dontCare) || t.twins != 0 && t.twin(in) {
		return
	}
	s := *t.s
	next, k, ok := t.run(&s, in, t.ip, t.k)
	if !ok {
		return
	}
	follows := k == t.k && next == t.ip+in.length
	sideEffect := none
	if addr < 0 && t.room < in.length && follows && !t.copied(code, dontCare) {
		if sideEffect = t.sideEffect(&s); sideEffect == spoils && t.bridges[in.length][idle] != 0 {
			return
		}
	}
	need := 0
	if k < len(t.goal.wants) {
		need = t.needOf(&s, k)
		if next >= t.size || t.goal.atLeast(&s, k, need, t.product || in.op == opImul) > t.worth(t.ip, t.ip+in.length, next)+t.tolerance {
			return
		}
	}
	if len(t.goal.idle) > 0 && t.room > 0 && follows && !t.pays(in, &s, need) {
		return
	}
	if sideEffect != none {
		best := &t.bridges[in.length][sideEffect]
		if *best != 0 && *best <= need+1 {
			return
		}
		*best = need + 1
	}
	c := candidate{imm: in.imm, dontCare: dontCare, addr: int16(addr), need: int16(need), takes: int16(t.takes(t.ip, in.length)), length: uint8(in.length), pad: t.pad}
	if addr < 0 && !t.decides(code, dontCare) {
		if c.noted = true; !t.fresh(t.key(next, t.ip, t.ip+in.length, &s, k, t.pad)+t.ran+t.again(code), t.used+int(c.takes)) {
			return
		}
	}
	copy(c.code[:], code)
	t.out = append(t.out, c)
}

// fits reports whether the bytes of an instruction can hold what it asks for; those
// that are don't-care bits may hold anything.
func (t *task) fits(code []byte, dontCare uint16) bool {
	for i := range code {
		if p := t.ip + i; dontCare>>i&1 == 0 && p < len(t.value) && ((t.value[p]^code[i])&t.ground.known[p] != 0 || !t.allows(p, code[i])) {
			return false
		}
	}
	return true
}

// needOf is goal.need of a state behind the present one. Many instructions change
// the same one register to the same value: they are remembered.
func (t *task) needOf(s *state, k int) int {
	c := change{val: t.s.reg[0]}
	changed := 0
	for r, v := range s.reg[:t.goal.cpu.registers()] {
		if v != t.s.reg[r] {
			c = change{uint8(r), v}
			changed++
		}
	}
	if changed > 1 || k != t.k || s.slot != t.s.slot {
		return t.goal.need(s, k)
	}
	if i := slices.Index(t.changes, c); i >= 0 {
		return t.needs[i]
	}
	need := t.goal.need(s, k)
	t.changes, t.needs = append(t.changes, c), append(t.needs, need)
	return need
}

// change is a register that holds something else than before.
type change struct {
	reg uint8
	val val
}

// pays reports whether an instruction that leads to state s is worth its bytes where
// the program may come by again: it meets need, makes a product, or keeps on the
// stack what a call behind the next one asks for.
func (t *task) pays(in *inst, s *state, need int) bool {
	if need < t.need || in.op == opImul {
		return true
	}
	if in.op != opPush || t.k+1 >= len(t.goal.useful) {
		return false
	}
	top, _ := slotAt(s.reg[sp].n(), t.goal.cpu.ptr)
	v, followed := s.load(top)
	return followed && (v.kind() == stack || t.goal.useful[t.k+1].has(v))
}

// What an instruction that only leads over decided bytes does besides. Of those
// of one length the one is tried that does each with the least need left.
const (
	none   = iota - 1 // it does something that is asked for
	idle              // nothing
	pushes            // it changes the stack
	spoils            // it makes registers useless; not tried where idle is to be had
	sideEffects
)

// sideEffect says what an instruction does that leads to state s.
func (t *task) sideEffect(s *state) int {
	sideEffect := idle
	for r, v := range s.reg[:t.goal.cpu.registers()] {
		switch {
		case v == t.s.reg[r]:
		case r == sp && v.kind() == stack && v.n() < t.s.reg[sp].n():
			i, _ := slotAt(v.n(), t.goal.cpu.ptr)
			if x, ok := s.load(i); ok && t.missing.has(x) {
				return none
			}
			sideEffect = max(sideEffect, pushes)
		case t.missing.has(v):
			return none
		default:
			sideEffect = spoils
		}
	}
	if sideEffect == idle && s.slot != t.s.slot {
		sideEffect = pushes
	}
	return sideEffect
}

// copied reports whether code decides bits that other bytes repeat further on.
func (t *task) copied(code []byte, dontCare uint16) bool {
	for i := range code {
		p := t.ip + i
		if dontCare>>i&1 != 0 || p >= len(t.linked) || !t.linked[p] || t.ground.known[p] == 0xff {
			continue
		}
		for j := range 8 {
			if t.ground.known[p]>>j&1 != 0 {
				continue
			}
			for _, other := range t.tied[8*p+j] {
				if int(other/8) >= t.ip+len(code) {
					return true
				}
			}
		}
	}
	return false
}

// decides reports whether code decides something about bytes that do not stand
// for themselves alone.
func (t *task) decides(code []byte, dontCare uint16) bool {
	for i := range code {
		if p := t.ip + i; dontCare>>i&1 == 0 && (p >= t.size || t.ground.known[p] != 0xff && (t.linked[p] || t.base[p] != 0 || t.bounded(p))) {
			return true
		}
	}
	return false
}

// place decides the bytes of a candidate.
func (t *task) place(ip int, c *candidate, in *inst) bool {
	end := in.length
	if c.addr >= 0 {
		if !t.bindAddress(ip+in.immAt, in.immSize, int(c.addr)) {
			return false
		}
		end = in.immAt
	}
	for i := range end {
		if c.dontCare>>i&1 == 0 && !t.bind(ip+i, 0xff, c.code[i]) {
			return false
		}
	}
	return true
}

// run carries out an instruction. It returns where control goes and which call
// is next then; there the number of calls stands for success.
func (t *task) run(s *state, in *inst, ip, k int) (next, nextCall int, ok bool) {
	switch event, target := t.goal.cpu.step(s, in, ip); event {
	case goesOn:
		return ip + in.length, k, true
	case jumps:
		return target, k, target >= 0 && target < t.size
	case calls:
		next := k
		switch {
		case t.goal.met(s, k):
			s.reg[ax] = of(result, int64(k))
			next++
		case t.goal.idles(s):
			s.reg[ax] = of(number, 0)
		default:
			return 0, 0, false
		}
		if t.goal.cpu.long {
			s.reg[cx], s.reg[11] = of(junk, 0), of(junk, 0)
			if t.goal.cpu.keepsReturn {
				s.reg[cx] = of(file, int64(ip+in.length))
			}
		}
		return ip + in.length, next, true
	}
	return 0, 0, false
}

// structure tries every instruction that begins with the bytes b and reaches
// bytes that are decided.
func (t *task) structure(b []byte) {
	var in inst
	switch decode(t.goal.cpu.long, b, &in) {
	case invalid:
	case complete:
		if in.length > t.room && t.ip+in.length <= t.size {
			t.immediates(b, &in)
		}
	case unfinished:
		p := t.ip + len(b)
		if p >= t.size || len(b) > 8 {
			return
		}
		known, value := t.ground.known[p], t.value[p]
		if known == 0xff {
			t.structure(append(b, value))
			return
		}
		if known == 0 && len(b) == 0 {
			for _, start := range starts(t.goal.cpu.long, t.room) {
				t.structure(append(b, start...))
			}
			return
		}
		if known == 0 && isREX(t.goal.cpu.long, b[len(b)-1]) && t.prefix == nil {
			t.behindPrefix(b)
			return
		}
		for v := range 256 {
			// Operands in memory are left to bytes that say so by themselves.
			if (byte(v)^value)&known == 0 && (len(b) == 0 || v >= 0xc0 || b[len(b)-1] == 0x8d) {
				t.structure(append(b, byte(v)))
			}
		}
	}
}

// behindPrefix tries useful instructions behind REX prefixes that are decided.
func (t *task) behindPrefix(prefix []byte) {
	t.prefix = slices.Clone(prefix)
	room := 0
	for room < 8 && t.open(t.ip+len(prefix)+room) {
		room++
	}
	t.room, room = room+len(prefix), t.room
	t.effects(t.room - len(prefix))
	t.offer(filler)
	t.room, t.prefix = room, nil
}

// immediates tries the values that the displacement and the immediate can have.
func (t *task) immediates(b []byte, in *inst) {
	if in.dispSize > 0 {
		n, ok := t.number(t.ip+in.dispAt, in.dispSize)
		if !ok {
			return
		}
		code := little(int64(n), in.dispSize)
		in.disp = signed(code, in.dispSize)
		b = append(b, code...)
	}
	if in.immSize == 0 {
		t.bridge(b, 0, -1, in)
		return
	}
	p := t.ip + in.immAt
	offset, isAddress := 0, false
	if in.immSize >= 4 {
		offset, isAddress = t.addressAt(p, in.immSize)
	}
	if n, ok := t.number(p, in.immSize); ok {
		code := little(int64(n), in.immSize)
		in.imm = num(uint64(signed(code, in.immSize)), 8)
		if isAddress {
			in.imm = of(file, int64(offset))
		}
		t.bridge(append(b, code...), 0, -1, in)
		return
	}
	switch {
	case isAddress:
		t.choose(b, in, of(file, int64(offset)), nil)
	case in.op == opJmp || in.op == opBranch || in.op == opCall:
		for _, target := range t.targets {
			t.try(b, in, int64(target-t.ip-in.length))
		}
	case in.op == opInt:
		t.try(b, in, 0x80-0x100)
	default:
		t.usefulImmediates(b, in)
	}
}

// usefulImmediates tries immediates that are open, and those that lead to what is
// missing.
func (t *task) usefulImmediates(b []byte, in *inst) {
	if in.op == opPush && in.immSize == immediateSize {
		t.heldWords(b, in)
	}
	// Left open, the immediate makes the result unknown.
	t.choose(b, in, of(junk, 0), nil)
	if in.op == opCmp || in.op == opTest {
		return
	}
	var values [16]int64
	tried := values[:0]
	for _, v := range t.missing.values {
		if v.kind() == file && in.immSize >= 4 && (in.op == opMov || in.op == opPush) {
			c := *in
			c.imm = v
			t.bridge(b, 0, int(v.n()), &c)
			continue
		}
		if v.kind() != number {
			continue
		}
		n, ok := t.immediateFor(in, uint64(v.n()))
		value := extend(n&mask(in.size), in.size)
		if ok && !slices.Contains(tried, value) {
			tried = append(tried, value)
			t.try(b, in, value)
		}
	}
	if !slices.Contains(tried, 0) && in.op != opMov && in.op != opPush {
		t.try(b, in, 0)
	}
}

// heldWords tries to push words of which the memory that a call reads asks for some
// bytes only.
func (t *task) heldWords(b []byte, in *inst) {
	for _, list := range t.goal.holds[t.k:] {
		for _, h := range list {
			if h.bytes > 0 && !t.goal.held(t.s, h) {
				c := *in
				c.imm = h.dontCare
				dontCare := uint16(1<<in.immSize-1<<h.bytes) << in.immAt
				t.bridge(append(b, little(h.val.n(), in.immSize)...), dontCare, -1, &c)
			}
		}
	}
}

// immediateFor returns the immediate with which an instruction makes a number; it is
// false where there is none, or that is not known.
func (t *task) immediateFor(in *inst, want uint64) (uint64, bool) {
	switch in.op {
	case opMov, opPush, opOr, opAnd:
		return want, true
	case opImul:
		factor := t.factor(in)
		if factor == 0 || want%factor != 0 {
			return 0, false
		}
		return want / factor, true
	case opAdd, opSub, opXor, opAdc, opSbb:
	default:
		return 0, false
	}
	old := of(junk, 0)
	if in.dst.where == inReg {
		old = t.s.reg[in.dst.reg]
	}
	have := uint64(old.n())
	if old.kind() != number || in.size == 1 && (want^have)&^0xff != 0 {
		return 0, false
	}
	borrow := uint64(0)
	if in.op == opAdc || in.op == opSbb {
		borrow = uint64(t.s.flags & x86.CF)
	}
	switch in.op {
	case opAdd, opAdc:
		return want - have - borrow, true
	case opSub, opSbb:
		return have - want - borrow, true
	}
	return want ^ have, true
}

// factor returns what IMUL multiplies its immediate with; 0 if that is not known.
func (t *task) factor(in *inst) uint64 {
	if v := t.s.reg[in.src.reg]; in.src.where == inReg && v.kind() == number {
		return uint64(v.n())
	}
	return 0
}

// try uses an immediate, if its bytes can have the value.
func (t *task) try(b []byte, in *inst, value int64) {
	if extend(uint64(value), in.immSize) == value {
		t.choose(b, in, num(uint64(value), 8), little(value, in.immSize))
	}
}

// choose uses an immediate with the given bytes, or with bytes left open.
func (t *task) choose(b []byte, in *inst, imm val, code []byte) {
	c := *in
	c.imm = imm
	dontCare := uint16(0)
	if code == nil {
		dontCare = (1<<in.immSize - 1) << in.immAt
		code = make([]byte, in.immSize)
	}
	t.bridge(append(b, code...), dontCare, -1, &c)
}

// bridge considers an instruction that reaches bytes that are decided. One that
// begins in an open byte must not destroy what is useful.
func (t *task) bridge(b []byte, dontCare uint16, addr int, in *inst) {
	if t.room > 0 && in.imm.kind() == junk && in.immSize > 0 && in.op != opCmp && in.op != opTest && in.op != opPush {
		if in.dst.where != inReg || t.goal.useful[t.k].has(t.s.reg[in.dst.reg]) && in.dst.reg != sp {
			return
		}
	}
	t.consider(b, dontCare, addr, in)
}

// starts lists the beginnings of instructions that are longer than room bytes,
// as far as these are decided: an opcode, and a ModRM byte that names registers
// if that is open too. Those that change no register come first.
func starts(long bool, room int) [][]byte {
	return startTables[bitsOf(long)/64]()[min(room, maxStart)]
}

// startTable holds beginnings by the room that there is.
type startTable [maxStart + 1][][]byte

// startTables are for 32-bit and 64-bit code.
var startTables = [...]func() *startTable{
	sync.OnceValue(func() *startTable { return newStartTable(false) }),
	sync.OnceValue(func() *startTable { return newStartTable(true) }),
}

func newStartTable(long bool) *startTable {
	var table startTable
	for b := range 256 {
		opcode := []byte{byte(b)}
		var in inst
		switch decode(long, opcode, &in) {
		case complete:
			for room := 1; room < min(in.length, len(table)); room++ {
				table[room] = append(table[room], opcode)
			}
		case unfinished:
			table[1] = append(table[1], opcode)
			if b == escape || isREX(long, byte(b)) || isSegment(long, byte(b)) {
				continue
			}
			for modrm := 0xc0; modrm < 0x100; modrm++ {
				code := []byte{byte(b), byte(modrm)}
				if decode(long, code, &in) == complete && in.immSize == 1 {
					table[2] = append(table[2], code)
				}
			}
		}
	}
	for _, list := range table {
		slices.SortStableFunc(list, func(a, b []byte) int { return rank(long, a) - rank(long, b) })
	}
	return &table
}

// rank puts instructions first that change no register.
func rank(long bool, code []byte) int {
	var in inst
	if decode(long, code, &in) == complete && (in.op == opCmp || in.op == opTest) {
		return 0
	}
	return 1
}
