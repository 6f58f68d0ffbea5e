package synth

import "math/bits"

// event is what an instruction leads to besides its effect on the state.
type event uint8

const (
	goesOn event = iota
	jumps        // to the file offset that step returns
	calls        // the kernel
	stops        // it faults, or depends on what is not known
)

// cpu is the processor: 32-bit or 64-bit code at its place in the file.
type cpu struct {
	long  bool
	ptr   int   // bytes of a word of the stack
	entry state // in which the program begins
	// keepsReturn tells that syscall leaves the return address in rcx.
	keepsReturn bool
	// far tells whether addresses in the file may need more than 32 bits.
	far func() bool
	// readFile returns bytes of the file that are decided.
	readFile func(offset int64, size int) (uint64, bool)
	// isPiece tells whether a piece of a blob lies at an offset.
	isPiece func(offset int64) bool
}

// registers is how many general registers there are.
func (c *cpu) registers() int {
	if c.long {
		return 16
	}
	return 8
}

// step carries out an instruction that begins at file offset ip. On stops, the
// state is in disorder.
func (c *cpu) step(s *state, in *inst, ip int) (event, int) {
	end := ip + in.length
	ok := true
	switch in.op {
	case opAdd, opOr, opAdc, opSbb, opAnd, opSub, opXor, opCmp, opTest:
		ok = c.arithmetic(s, in, end)
	case opMov, opXchg, opLea:
		ok = c.move(s, in, end)
	case opPush, opPop, opPusha, opPopa:
		ok = c.stack(s, in, end)
	case opInc, opDec, opNot, opNeg:
		ok = c.unary(s, in, end)
	case opMul:
		ok = c.multiply(s, in, end)
	case opImul:
		ok = c.product(s, in, end)
	case opRol, opRor, opShl, opShr, opSar:
		ok = c.shift(s, in, end)
	case opMovzx, opMovsx:
		ok = c.extend(s, in, end)
	case opBswap:
		ok = c.reverse(s, in)
	case opBts, opBtr, opBtc:
		ok = c.changeBit(s, in)
	case opCwde, opCdq:
		c.spread(s, in)
	case opSalc, opLahf, opStc, opClc, opCmc:
		s.carryAndFlags(in.op)
	case opNop:
	case opInt:
		if in.imm != num(0x80, 1) && in.imm != num(0xffffffffffffff80, 8) {
			return stops, 0
		}
		return calls, 0
	case opSyscall:
		return calls, 0
	case opJmp, opJcc, opLoop, opJcxz, opCall:
		return c.branch(s, in, end)
	case opRet:
		if v, ok := s.pop(c.ptr); ok && v.kind() == file {
			return jumps, int(v.n())
		}
		return stops, 0
	default:
		return stops, 0
	}
	if ok {
		return goesOn, 0
	}
	return stops, 0
}

// arithmetic is ADD and its like, TEST, and the comparison of CMP.
func (c *cpu) arithmetic(s *state, in *inst, end int) bool {
	a, ok := c.read(s, in, in.dst, end)
	b, ok2 := c.read(s, in, in.src, end)
	if !ok || !ok2 {
		return false
	}
	o := in.op
	if in.dst == in.src && in.dst.where == inReg && a.kind() != number && (o == opXor || o == opSub || o == opCmp) {
		a, b = of(number, 0), of(number, 0)
	}
	r := s.arith(o, a, b, in.size)
	return o == opCmp || o == opTest || c.write(s, in, in.dst, r)
}

// move is MOV, XCHG and LEA.
func (c *cpu) move(s *state, in *inst, end int) bool {
	if in.op == opLea {
		v, ok := c.address(s, in, end)
		return ok && c.write(s, in, in.dst, cut(v, in.size))
	}
	v, ok := c.read(s, in, in.src, end)
	if in.op == opMov || !ok {
		return ok && c.write(s, in, in.dst, v)
	}
	old, ok := c.read(s, in, in.dst, end)
	return ok && c.write(s, in, in.dst, v) && c.write(s, in, in.src, old)
}

// stack is PUSH and POP, of one operand and of all registers.
func (c *cpu) stack(s *state, in *inst, end int) bool {
	switch in.op {
	case opPush:
		v, ok := c.read(s, in, in.src, end)
		return ok && s.push(v, c.ptr)
	case opPop:
		v, ok := s.pop(c.ptr)
		return ok && c.write(s, in, in.dst, v)
	case opPusha:
		old := s.reg[sp]
		for r := range 8 {
			v := s.reg[r]
			if r == sp {
				v = old
			}
			if !s.push(v, c.ptr) {
				return false
			}
		}
		return true
	}
	for r := 7; r >= 0; r-- {
		v, ok := s.pop(c.ptr)
		if !ok {
			return false
		}
		if r != sp {
			s.reg[r] = v
		}
	}
	return true
}

// unary is INC and DEC, which keep the carry, NEG, and NOT, which keeps all flags.
func (c *cpu) unary(s *state, in *inst, end int) bool {
	a, ok := c.read(s, in, in.dst, end)
	if !ok {
		return false
	}
	known, flags := s.known, s.flags
	keep := func(mask uint8) {
		s.known = s.known&^mask | known&mask
		s.flags = s.flags&^mask | flags&mask
	}
	var r val
	switch in.op {
	case opInc:
		r = s.arith(opAdd, a, num(1, 8), in.size)
		keep(carry)
	case opDec:
		r = s.arith(opSub, a, num(1, 8), in.size)
		keep(carry)
	case opNeg:
		r = s.arith(opSub, num(0, 8), a, in.size)
	default:
		r = s.arith(opXor, a, num(mask(in.size), 8), in.size)
		keep(0xff)
	}
	return c.write(s, in, in.dst, r)
}

// product is IMUL of two operands.
func (c *cpu) product(s *state, in *inst, end int) bool {
	a, ok := c.read(s, in, in.src, end)
	b := in.imm
	if !in.third {
		b = s.reg[in.dst.reg]
	}
	s.known = 0
	r := of(junk, 0)
	switch {
	case a == of(number, 0) || b == of(number, 0):
		r = of(number, 0)
	case a.kind() == number && b.kind() == number:
		r = num(uint64(a.n())*uint64(b.n()), in.size)
	}
	return ok && c.write(s, in, in.dst, r)
}

// extend is MOVZX and MOVSX of a byte.
func (c *cpu) extend(s *state, in *inst, end int) bool {
	narrow := *in
	narrow.size = 1
	v, ok := c.read(s, &narrow, in.src, end)
	if v.kind() != number {
		v = of(junk, 0)
	} else if in.op == opMovsx {
		v = num(uint64(int64(int8(v.n()))), in.size)
	}
	return ok && c.write(s, in, in.dst, v)
}

// reverse is BSWAP.
func (c *cpu) reverse(s *state, in *inst) bool {
	v := s.reg[in.dst.reg]
	if v.kind() == number {
		v = num(bits.ReverseBytes64(uint64(v.n()))>>(64-8*in.size), in.size)
	} else {
		v = of(junk, 0)
	}
	return c.write(s, in, in.dst, v)
}

// changeBit is BTS, BTR and BTC on a register.
func (c *cpu) changeBit(s *state, in *inst) bool {
	if in.dst.where != inReg {
		return false
	}
	v := s.reg[in.dst.reg]
	s.known = 0
	if v.kind() != number || in.imm.kind() != number {
		return c.write(s, in, in.dst, of(junk, 0))
	}
	bit := uint64(1) << (uint64(in.imm.n()) & uint64(8*in.size-1))
	n := uint64(v.n())
	switch in.op {
	case opBts:
		n |= bit
	case opBtr:
		n &^= bit
	default:
		n ^= bit
	}
	return c.write(s, in, in.dst, num(n, in.size))
}

// spread extends the sign within the accumulator, or into dx.
func (c *cpu) spread(s *state, in *inst) {
	v := s.reg[ax]
	r := &s.reg[ax]
	if in.op == opCdq {
		r = &s.reg[dx]
	}
	switch {
	case v.kind() != number:
		*r = of(junk, 0)
	case in.op == opCdq:
		*r = num(-(uint64(v.n()) >> (8*in.size - 1) & 1), in.size)
	case in.size == 8:
		*r = num(uint64(int64(int32(v.n()))), 8)
	default:
		*r = num(uint64(int64(int16(v.n()))), 4)
	}
}

// lahfBits are the flags by their bits in ah.
var lahfBits = [...]struct {
	flag uint8
	bit  uint64
}{{carry, 1}, {parity, 4}, {zero, 0x40}, {sign, 0x80}}

// carryAndFlags is what changes the carry alone, or reads flags into the accumulator.
func (s *state) carryAndFlags(o op) {
	switch o {
	case opStc:
		s.known |= carry
		s.flags |= carry
	case opClc:
		s.known |= carry
		s.flags &^= carry
	case opCmc:
		s.flags ^= carry
	case opSalc:
		r := of(junk, 0)
		if s.known&carry != 0 {
			r = num(-uint64(s.flags&carry), 1)
		}
		s.reg[ax] = merge(s.reg[ax], r, 0)
	case opLahf:
		r, n, known := of(junk, 0), uint64(2), true
		for _, x := range lahfBits {
			known = known && s.known&x.flag != 0
			if s.flags&x.flag != 0 {
				n |= x.bit
			}
		}
		if known {
			r = num(n, 1)
		}
		s.reg[ax] = merge(s.reg[ax], r, 8)
	}
}

// branch decides where a jump goes.
func (c *cpu) branch(s *state, in *inst, end int) (event, int) {
	if in.imm.kind() != number {
		return stops, 0
	}
	target := end + int(in.imm.n())
	taken := true
	switch in.op {
	case opJcc:
		var ok bool
		if taken, ok = s.condition(in.cond); !ok {
			return stops, 0
		}
	case opLoop, opJcxz:
		v := s.reg[cx]
		if v.kind() != number {
			return stops, 0
		}
		if in.op == opLoop {
			v = num(uint64(v.n()-1), c.ptr)
			s.reg[cx] = v
			taken = v.n() != 0
		} else {
			taken = v.n() == 0
		}
	case opCall:
		if !s.push(of(file, int64(end)), c.ptr) {
			return stops, 0
		}
	}
	if taken {
		return jumps, target
	}
	return goesOn, 0
}

// condition evaluates the condition with a number (Intel SDM volume 2, appendix
// B, "condition test field").
func (s *state) condition(cond uint8) (value, ok bool) {
	has := func(f uint8) bool { return s.flags&f != 0 }
	var needs uint8
	switch cond >> 1 {
	case 0:
		needs, value = overflow, has(overflow)
	case 1:
		needs, value = carry, has(carry)
	case 2:
		needs, value = zero, has(zero)
	case 3:
		needs, value = carry|zero, has(carry|zero)
	case 4:
		needs, value = sign, has(sign)
	case 5:
		needs, value = parity, has(parity)
	case 6:
		needs, value = sign|overflow, has(sign) != has(overflow)
	case 7:
		needs, value = sign|overflow|zero, has(zero) || has(sign) != has(overflow)
	}
	return value != (cond&1 != 0), s.known&needs == needs
}

// address computes the address of the operand in memory.
func (c *cpu) address(s *state, in *inst, end int) (val, bool) {
	a := of(number, in.disp)
	if in.rip {
		return of(file, in.disp+int64(end)), true
	}
	add := func(r uint8, scale int64) {
		v := s.reg[r]
		switch {
		case v.kind() == number:
			a = plus(a, v.n()*scale)
		case a.kind() == number && scale == 1 && (v.kind() == file || v.kind() == stack):
			a = plus(v, a.n())
		default:
			a = of(junk, 0)
		}
	}
	if in.base != noReg {
		add(in.base, 1)
	}
	if in.index != noReg {
		add(in.index, int64(in.scale))
	}
	switch {
	case a.kind() == number:
		a = num(uint64(a.n()), c.ptr)
	case c.ptr == 4:
		a = of(a.kind(), int64(int32(a.n())))
	}
	return a, true
}

// read returns the value of an operand.
func (c *cpu) read(s *state, in *inst, o operand, end int) (val, bool) {
	switch o.where {
	case inReg:
		return cut(s.reg[o.reg], in.size), true
	case inHigh:
		v := s.reg[o.reg]
		if v.kind() == number {
			return num(uint64(v.n())>>8, 1), true
		}
		return of(junk, 0), true
	case inImm:
		if in.imm.kind() == number {
			return num(uint64(in.imm.n()), in.size), true
		}
		return in.imm, true
	case one:
		return num(1, 1), true
	case inMem:
		a, _ := c.address(s, in, end)
		switch a.kind() {
		case stack:
			whole := a.n() &^ int64(c.ptr-1)
			i, _ := slotAt(whole, c.ptr)
			v, ok := s.load(i)
			if !ok {
				return 0, false
			}
			shift := uint64(a.n()-whole) * 8
			switch {
			case in.size == c.ptr && shift == 0:
			case v.kind() == number && int(shift/8)+in.size <= c.ptr:
				v = num(uint64(v.n())>>shift, in.size)
			default:
				v = of(junk, 0)
			}
			return v, true
		case file:
			if in.size == c.ptr && c.isPiece(a.n()) {
				return of(piece, a.n()), true
			}
			if n, ok := c.readFile(a.n(), in.size); ok {
				return num(n, in.size), true
			}
		}
	}
	return 0, false
}

// cut returns what the low bytes of a register are.
func cut(v val, size int) val {
	switch {
	case v.kind() == number:
		return num(uint64(v.n()), size)
	case v.kind() == file && size == 1:
		// The file begins at a page, so the low byte of an address is known.
		return num(uint64(v.n()), 1)
	case size == 1:
		return of(junk, 0)
	}
	return v
}

// merge puts the byte b into v, shift bits up.
func merge(v, b val, shift uint) val {
	if b.kind() != number {
		return of(junk, 0)
	}
	n := v.n()&^(0xff<<shift) | (b.n()&0xff)<<shift
	switch {
	case v.kind() == number:
		return num(uint64(n), 8)
	case v.kind() == file && shift == 0 && v.n() >= 0 && v.n() < 4096:
		return of(file, n)
	}
	return of(junk, 0)
}

// near reports whether an address is so near to the file that it takes no more bits
// than those of the file: that lies above vm.mmap_min_addr, which is 64 KiB.
func near(v val) bool { return -0x8000 <= v.n() && v.n() <= 0x8000 }

// write changes an operand.
func (c *cpu) write(s *state, in *inst, o operand, v val) bool {
	switch o.where {
	case inReg:
		switch {
		case in.size == 1:
			s.reg[o.reg] = merge(s.reg[o.reg], v, 0)
		case in.size < c.ptr && v.kind() != number && (v.kind() != file || !near(v) || in.src.where != inImm && c.far()):
			// An address that is an immediate is decided to be short.
			s.reg[o.reg] = of(junk, 0)
		default:
			s.reg[o.reg] = v
		}
		return true
	case inHigh:
		s.reg[o.reg] = merge(s.reg[o.reg], v, 8)
		return true
	case inMem:
		a, _ := c.address(s, in, 0)
		if a.kind() != stack || in.inCode {
			return false
		}
		whole := a.n() &^ int64(c.ptr-1)
		i, _ := slotAt(whole, c.ptr)
		if in.size < c.ptr || whole != a.n() {
			old, ok := s.load(i)
			if !ok || int(a.n()-whole)+in.size > c.ptr {
				return false
			}
			if in.size == 1 && old.kind() == number {
				v = merge(old, v, uint(a.n()-whole)*8)
			} else {
				v = of(junk, 0)
			}
		}
		return s.store(i, v)
	}
	return false
}

// arith computes an arithmetic operation and sets the flags.
func (s *state) arith(o op, a, b val, size int) val {
	withCarry := o == opAdc || o == opSbb
	if a.kind() == number && b.kind() == number && (!withCarry || s.known&carry != 0) {
		return s.numbers(o, uint64(a.n()), uint64(b.n()), size)
	}
	s.known = 0
	if withCarry {
		return of(junk, 0)
	}
	if a.kind() == number && (o == opAdd || o == opOr || o == opXor || o == opAnd) {
		a, b = b, a
	}
	if b.kind() != number {
		return of(junk, 0)
	}
	m := mask(size)
	n := uint64(b.n()) & m
	switch {
	case (o == opAdd || o == opSub) && size > 1 && (a.kind() == file || a.kind() == stack):
		shift := 64 - 8*size
		d := int64(n<<shift) >> shift
		if o == opSub {
			d = -d
		}
		return plus(a, d)
	case b.n() == 0 && (o == opAdd || o == opSub || o == opOr || o == opXor), n == m && o == opAnd:
		return a
	case n == 0 && o == opAnd:
		s.known, s.flags = allFlags, zero|parity
		return of(number, 0)
	case n == m && o == opOr:
		return num(m, size)
	}
	return of(junk, 0)
}

// numbers is arith of two numbers.
func (s *state) numbers(o op, x, y uint64, size int) val {
	m := mask(size)
	top := m>>1 + 1
	x, y = x&m, y&m
	in := uint64(0)
	if o == opAdc || o == opSbb {
		in = uint64(s.flags & carry)
	}
	var r uint64
	f := uint8(0)
	switch o {
	case opAdd, opAdc:
		r = (x + y + in) & m
		if r < x || in != 0 && r == x {
			f |= carry
		}
		if (x^r)&(y^r)&top != 0 {
			f |= overflow
		}
	case opSub, opSbb, opCmp:
		r = (x - y - in) & m
		if x < y || in != 0 && x == y {
			f |= carry
		}
		if (x^y)&(x^r)&top != 0 {
			f |= overflow
		}
	case opAnd, opTest:
		r = x & y
	case opOr:
		r = x | y
	default:
		r = x ^ y
	}
	if r == 0 {
		f |= zero
	}
	if r&top != 0 {
		f |= sign
	}
	if bits.OnesCount8(uint8(r))&1 == 0 {
		f |= parity
	}
	s.known, s.flags = allFlags, f
	return num(r, size)
}

// multiply is mul: the product goes to edx:eax.
func (c *cpu) multiply(s *state, in *inst, end int) bool {
	b, ok := c.read(s, in, in.dst, end)
	if !ok {
		return false
	}
	a := cut(s.reg[ax], in.size)
	s.known = 0
	if a == of(number, 0) || b == of(number, 0) {
		a, b = of(number, 0), of(number, 0)
		s.known, s.flags = carry|overflow, 0
	}
	high, low := of(junk, 0), of(junk, 0)
	if a.kind() == number && b.kind() == number {
		hi, lo := bits.Mul64(uint64(a.n())&mask(in.size), uint64(b.n())&mask(in.size))
		low = num(lo, in.size)
		high = num(lo>>(8*in.size), in.size)
		if in.size == 8 {
			high = num(hi, 8)
		}
	}
	if in.size == 1 {
		s.reg[ax] = merge(merge(s.reg[ax], low, 0), high, 8)
		return true
	}
	s.reg[ax], s.reg[dx] = low, high
	return true
}

// shift is a shift or rotation by a known count.
func (c *cpu) shift(s *state, in *inst, end int) bool {
	a, ok := c.read(s, in, in.dst, end)
	count := num(1, 1)
	if in.src.where == inImm {
		count = in.imm
	}
	if !ok || count.kind() != number && a.kind() == number {
		return ok && c.write(s, in, in.dst, of(junk, 0))
	}
	n := uint(count.n()) & 31
	if in.size == 8 {
		n = uint(count.n()) & 63
	}
	if n == 0 { // the operand is written nevertheless, the flags are not
		return c.write(s, in, in.dst, a)
	}
	s.known = 0
	r := of(junk, 0)
	if a.kind() == number {
		width := uint(8 * in.size)
		x := uint64(a.n())
		switch in.op {
		case opShl:
			r = num(x<<n, in.size)
		case opShr:
			r = num(x>>n, in.size)
		case opSar:
			extend := 64 - width
			r = num(uint64(int64(x<<extend)>>extend>>n), in.size)
		case opRol:
			n %= width
			r = num(x<<n|x>>(width-n), in.size)
		case opRor:
			n %= width
			r = num(x>>n|x<<(width-n), in.size)
		}
	}
	return c.write(s, in, in.dst, r)
}
