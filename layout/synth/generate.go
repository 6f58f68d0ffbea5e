package synth

import "slices"

// candidate is an instruction that may stand at a position.
type candidate struct {
	code  [15]byte
	loose uint16 // bytes of code that stay undecided, as bits
	addr  int    // file offset whose address the immediate is; -1 for none
	in    inst
	next  int // where control goes
	score int
	pad   bool // it only fills room
}

// filler is the instruction that does nothing.
const filler = 0x90

// generate lists the instructions worth trying at ip.
func (t *task) generate(ip int, s *state, k int, padding bool, out []candidate) []candidate {
	t.ip, t.s, t.k, t.out = ip, s, k, out
	t.past = t.behind(ip)
	room := 0
	for room < 8 && t.open(ip+room) {
		room++
	}
	t.room = room
	if room == 0 || room < 6 && !t.wrapped {
		t.structure(t.buf[:0])
	}
	if t.wrapped {
		// All calls have been made once: what is left is to go back.
		for i := range t.path {
			t.jump(t.path[i].ip)
		}
	} else if room > 0 {
		if !padding {
			t.effects(room)
		}
		t.fill()
	}
	return t.out
}

// jump tries a short jump to a place.
func (t *task) jump(target int) {
	if d := target - t.ip - len(t.prefix) - jumpSize; (d > 0 || d < -jumpSize) && d >= -128 && d <= 127 {
		t.offer(0xeb, byte(d))
	}
}

// fill tries the instruction that does nothing.
func (t *task) fill() {
	before := len(t.out)
	t.offer(filler)
	if len(t.out) > before {
		t.out[before].pad = true
	}
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
func (t *task) consider(code []byte, loose uint16, addr int, in *inst) {
	for i := range code {
		if p := t.ip + i; loose>>i&1 == 0 && p < len(t.value) && ((t.value[p]^code[i])&t.ground.known[p] != 0 || !t.allows(p, code[i])) {
			return
		}
	}
	s := *t.s
	next, k, ok := t.run(&s, in, t.ip, t.k)
	if !ok {
		return
	}
	need := 0
	if k < len(t.goal.wants) {
		if need = t.goal.need(&s, k); t.ends(in, k) {
			need = jumpSize
		}
		if !t.wrapped {
			if next >= t.size || need > t.worth(t.ip, t.ip+in.length, next) {
				return
			}
		}
	}
	t.out = append(t.out, candidate{loose: loose, addr: addr, in: *in, next: next, score: need*2 + t.takes(t.ip, in.length)})
	copy(t.out[len(t.out)-1].code[:], code)
}

// ends reports whether an instruction, behind which call k is next, is the last
// call of a program that goes round for ever.
func (t *task) ends(in *inst, k int) bool {
	return (in.op == opInt || in.op == opSyscall) && k <= t.k
}

// place decides the bytes of a candidate.
func (t *task) place(ip int, c *candidate) bool {
	end := c.in.length
	if c.addr >= 0 {
		if !t.bindAddress(ip+c.in.immAt, c.in.immSize, c.addr) {
			return false
		}
		end = c.in.immAt
	}
	for i := range end {
		if c.loose>>i&1 == 0 && !t.bind(ip+i, 0xff, c.code[i]) {
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
		if !t.goal.met(s, k) {
			return 0, 0, false
		}
		s.reg[ax] = of(result, int64(k))
		if t.goal.cpu.long {
			s.reg[cx], s.reg[11] = of(junk, 0), of(junk, 0)
		}
		if k++; k == len(t.goal.wants) && t.goal.repeat >= 0 {
			k = t.goal.repeat
		}
		return ip + in.length, k, true
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
		if known == 0 && t.goal.cpu.long && b[len(b)-1]&0xf0 == 0x40 && t.prefix == nil {
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
	p := t.ip + in.dispAt
	if in.dispSize > 0 {
		if n, ok := t.number(p, in.dispSize); ok {
			code := little(int64(n), in.dispSize)
			in.disp = signed(code, in.dispSize)
			b = append(b, code...)
		} else {
			return
		}
	}
	p = t.ip + in.immAt
	if in.immSize == 0 {
		t.bridge(b, 0, -1, in)
		return
	}
	if n, ok := t.number(p, in.immSize); ok {
		code := little(int64(n), in.immSize)
		in.imm = num(uint64(signed(code, in.immSize)), 8)
		if in.immSize == t.goal.cpu.ptr || in.immSize == 4 {
			if offset, ok := t.addressAt(p, in.immSize); ok {
				in.imm = of(file, int64(offset))
			}
		}
		t.bridge(append(b, code...), 0, -1, in)
		return
	}
	if in.immSize >= 4 {
		if offset, ok := t.addressAt(p, in.immSize); ok {
			t.choose(b, in, of(file, int64(offset)), nil)
			return
		}
	}
	if in.op == opJmp || in.op == opJcc || in.op == opCall || in.op == opLoop || in.op == opJcxz {
		for _, target := range t.targets {
			t.try(b, in, int64(target-t.ip-in.length))
		}
		return
	}
	if in.op == opInt {
		t.try(b, in, 0x80-0x100)
		return
	}
	// Left open, the immediate makes the result unknown.
	t.choose(b, in, of(junk, 0), nil)
	if in.op == opCmp || in.op == opTest {
		return
	}
	old := of(junk, 0)
	if in.dst.where == inReg {
		old = t.s.reg[in.dst.reg]
	}
	m := mask(in.size)
	tried := map[int64]bool{}
	for _, v := range t.goal.useful[t.k].values {
		if v.kind() == file && in.immSize >= 4 && (in.op == opMov || in.op == opPush) {
			t.bridge(b, 0, int(v.n()), &inst{op: in.op, size: in.size, dst: in.dst, src: in.src, third: in.third, base: in.base, index: in.index, scale: in.scale, rip: in.rip, length: in.length, dispAt: in.dispAt, dispSize: in.dispSize, immAt: in.immAt, immSize: in.immSize, disp: in.disp, imm: v})
			continue
		}
		if v.kind() != number {
			continue
		}
		want := uint64(v.n())
		var n uint64
		switch in.op {
		case opMov, opPush:
			n = want
		case opAdd, opSub, opXor, opAdc, opSbb:
			if old.kind() != number {
				continue
			}
			have := uint64(old.n())
			if in.size == 1 && (want^have)&^0xff != 0 {
				continue
			}
			borrow := uint64(0)
			if in.op == opAdc || in.op == opSbb {
				borrow = uint64(t.s.flags & carry)
			}
			switch in.op {
			case opAdd, opAdc:
				n = want - have - borrow
			case opSub, opSbb:
				n = have - want - borrow
			default:
				n = want ^ have
			}
		case opOr:
			n = want
		case opAnd:
			n = want
		default:
			continue
		}
		n &= m
		value := signed(little(int64(n), in.size), in.size)
		if !tried[value] {
			tried[value] = true
			t.try(b, in, value)
		}
	}
	if !tried[0] && in.op != opMov && in.op != opPush {
		t.try(b, in, 0)
	}
}

// try uses an immediate, if its bytes can have the value.
func (t *task) try(b []byte, in *inst, value int64) {
	code := little(value, in.immSize)
	if signed(code, in.immSize) != value {
		return
	}
	t.choose(b, in, num(uint64(value), 8), code)
}

// choose uses an immediate with the given bytes, or with bytes left open.
func (t *task) choose(b []byte, in *inst, imm val, code []byte) {
	c := *in
	c.imm = imm
	loose := uint16(0)
	if code == nil {
		loose = (1<<in.immSize - 1) << in.immAt
		code = make([]byte, in.immSize)
	}
	t.bridge(append(b, code...), loose, -1, &c)
}

// bridge considers an instruction that reaches bytes that are decided. One that
// begins in an open byte must not destroy what is useful.
func (t *task) bridge(b []byte, loose uint16, addr int, in *inst) {
	if t.room > 0 && in.imm.kind() == junk && in.immSize > 0 && in.op != opCmp && in.op != opTest && in.op != opPush {
		if in.dst.where != inReg || t.goal.useful[t.k].has(t.s.reg[in.dst.reg]) && in.dst.reg != sp {
			return
		}
	}
	t.consider(b, loose, addr, in)
}

// starts lists the beginnings of instructions that are longer than room bytes,
// as far as these are decided: an opcode, and a ModRM byte that names registers
// if that is open too.
func starts(long bool, room int) [][]byte {
	m := 0
	if long {
		m = 1
	}
	return startTable[m][min(room, maxStart)]
}

const maxStart = 8

var startTable = func() (table [2][maxStart + 1][][]byte) {
	for m := range table {
		for room := 1; room <= maxStart; room++ {
			for b := range 256 {
				var in inst
				code := []byte{byte(b)}
				switch decode(m == 1, code, &in) {
				case complete:
					if in.length > room {
						table[m][room] = append(table[m][room], code)
					}
				case unfinished:
					if b == 0x0f || m == 1 && b&0xf0 == 0x40 || opcodes[m][0][b].form == fPrefix || room == 1 {
						if room == 1 {
							table[m][room] = append(table[m][room], code)
						}
						continue
					}
					for modrm := 0xc0; modrm < 0x100; modrm++ {
						code := []byte{byte(b), byte(modrm)}
						if decode(m == 1, code, &in) == complete && in.length > room && in.immSize == 1 {
							table[m][room] = append(table[m][room], code)
						}
					}
				}
			}
		}
	}
	return table
}()
