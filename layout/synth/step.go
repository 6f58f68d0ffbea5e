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
	switch in.op {
	case opAdd, opOr, opAdc, opSbb, opAnd, opSub, opXor, opCmp, opTest:
		a, ok := c.read(s, in, in.dst, end)
		b, ok2 := c.read(s, in, in.src, end)
		if !ok || !ok2 {
			return stops, 0
		}
		o := in.op
		if in.dst == in.src && in.dst.where == inReg && a.kind() != number && (o == opXor || o == opSub || o == opCmp) {
			a, b = of(number, 0), of(number, 0)
		}
		r := s.arith(o, a, b, in.size)
		if o == opCmp || o == opTest {
			return goesOn, 0
		}
		return c.finish(c.write(s, in, in.dst, r))
	case opMov:
		v, ok := c.read(s, in, in.src, end)
		return c.finish(ok && c.write(s, in, in.dst, v))
	case opXchg:
		a, ok := c.read(s, in, in.dst, end)
		b, ok2 := c.read(s, in, in.src, end)
		return c.finish(ok && ok2 && c.write(s, in, in.dst, b) && c.write(s, in, in.src, a))
	case opLea:
		v, ok := c.address(s, in, end)
		return c.finish(ok && c.write(s, in, in.dst, cut(v, in.size)))
	case opPush:
		v, ok := c.read(s, in, in.src, end)
		return c.finish(ok && s.push(v, c.ptr))
	case opPop:
		v, ok := s.pop(c.ptr)
		return c.finish(ok && c.write(s, in, in.dst, v))
	case opInc, opDec, opNot, opNeg:
		a, ok := c.read(s, in, in.dst, end)
		if !ok {
			return stops, 0
		}
		kept := s.known&carry | s.flags&carry<<4
		one := num(1, 8)
		var r val
		switch in.op {
		case opInc:
			r = s.arith(opAdd, a, one, in.size)
		case opDec:
			r = s.arith(opSub, a, one, in.size)
		case opNeg:
			r = s.arith(opSub, num(0, 8), a, in.size)
		default:
			known, flags := s.known, s.flags
			r = s.arith(opXor, a, num(mask(in.size), 8), in.size)
			s.known, s.flags = known, flags
		}
		if in.op == opInc || in.op == opDec {
			s.known = s.known&^carry | kept&carry
			s.flags = s.flags&^carry | kept>>4&carry
		}
		return c.finish(c.write(s, in, in.dst, r))
	case opMul:
		return c.multiply(s, in, end)
	case opImul:
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
		return c.finish(ok && c.write(s, in, in.dst, r))
	case opRol, opRor, opShl, opShr, opSar:
		return c.shift(s, in, end)
	case opMovzx, opMovsx:
		narrow := *in
		narrow.size = 1
		v, ok := c.read(s, &narrow, in.src, end)
		if v.kind() != number {
			v = of(junk, 0)
		} else if in.op == opMovsx {
			v = num(uint64(int64(int8(v.n()))), in.size)
		}
		return c.finish(ok && c.write(s, in, in.dst, v))
	case opBswap:
		v := s.reg[in.dst.reg]
		if v.kind() == number {
			v = num(bits.ReverseBytes64(uint64(v.n()))>>(64-8*in.size), in.size)
		} else {
			v = of(junk, 0)
		}
		return c.finish(c.write(s, in, in.dst, v))
	case opBts, opBtr, opBtc:
		if in.dst.where != inReg {
			return stops, 0
		}
		v := s.reg[in.dst.reg]
		s.known = 0
		if v.kind() == number && in.imm.kind() == number {
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
			v = num(n, in.size)
		} else {
			v = of(junk, 0)
		}
		return c.finish(c.write(s, in, in.dst, v))
	case opPusha:
		old := s.reg[sp]
		for r := range 8 {
			v := s.reg[r]
			if r == sp {
				v = old
			}
			if !s.push(v, c.ptr) {
				return stops, 0
			}
		}
		return goesOn, 0
	case opPopa:
		for r := 7; r >= 0; r-- {
			v, ok := s.pop(c.ptr)
			if !ok {
				return stops, 0
			}
			if r != sp {
				s.reg[r] = v
			}
		}
		return goesOn, 0
	case opCwde:
		v := s.reg[ax]
		if v.kind() != number {
			s.reg[ax] = of(junk, 0)
		} else if in.size == 8 {
			s.reg[ax] = num(uint64(int64(int32(v.n()))), 8)
		} else {
			s.reg[ax] = num(uint64(int64(int16(v.n()))), 4)
		}
		return goesOn, 0
	case opCdq:
		v := s.reg[ax]
		switch {
		case v.kind() != number:
			s.reg[dx] = of(junk, 0)
		case uint64(v.n())>>(8*in.size-1)&1 != 0:
			s.reg[dx] = num(mask(in.size), 8)
		default:
			s.reg[dx] = of(number, 0)
		}
		return goesOn, 0
	case opSalc:
		v := uint64(0)
		if s.flags&carry != 0 {
			v = 0xff
		}
		r := num(v, 1)
		if s.known&carry == 0 {
			r = of(junk, 0)
		}
		s.reg[ax] = merge(s.reg[ax], r, 0)
		return goesOn, 0
	case opLahf:
		r := of(junk, 0)
		if s.known&(carry|parity|zero|sign) == carry|parity|zero|sign {
			n := uint64(2)
			for flag, at := range map[uint8]uint64{carry: 1, parity: 4, zero: 0x40, sign: 0x80} {
				if s.flags&flag != 0 {
					n |= at
				}
			}
			r = num(n, 1)
		}
		s.reg[ax] = merge(s.reg[ax], r, 8)
		return goesOn, 0
	case opStc:
		s.known |= carry
		s.flags |= carry
		return goesOn, 0
	case opClc:
		s.known |= carry
		s.flags &^= carry
		return goesOn, 0
	case opCmc:
		s.flags ^= carry
		return goesOn, 0
	case opNop:
		return goesOn, 0
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
	}
	return stops, 0
}

func (c *cpu) finish(ok bool) (event, int) {
	if ok {
		return goesOn, 0
	}
	return stops, 0
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
	m := mask(size)
	if a.kind() == number && b.kind() == number {
		x, y := uint64(a.n())&m, uint64(b.n())&m
		in := uint64(0)
		if o == opAdc || o == opSbb {
			if s.known&carry == 0 {
				s.known = 0
				return of(junk, 0)
			}
			in = uint64(s.flags & carry)
		}
		var r uint64
		f := uint8(0)
		top := (m >> 1) + 1
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
	s.known = 0
	if o == opAdc || o == opSbb {
		return of(junk, 0)
	}
	if a.kind() == number && (o == opAdd || o == opOr || o == opXor || o == opAnd) {
		a, b = b, a
	}
	signed := func() int64 {
		shift := 64 - 8*size
		return int64(uint64(b.n())<<shift) >> shift
	}
	switch {
	case b.kind() != number:
	case (o == opAdd || o == opSub) && size > 1 && (a.kind() == file || a.kind() == stack):
		n := signed()
		if o == opSub {
			n = -n
		}
		return plus(a, n)
	case b.n() == 0 && (o == opAdd || o == opSub || o == opOr || o == opXor):
		return a
	case uint64(b.n())&m == m && o == opAnd:
		return a
	case uint64(b.n())&m == 0 && o == opAnd:
		s.known, s.flags = allFlags, zero|parity
		return of(number, 0)
	case uint64(b.n())&m == m && o == opOr:
		return num(m, size)
	}
	return of(junk, 0)
}

// multiply is mul: the product goes to edx:eax.
func (c *cpu) multiply(s *state, in *inst, end int) (event, int) {
	b, ok := c.read(s, in, in.dst, end)
	if !ok {
		return stops, 0
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
		return goesOn, 0
	}
	s.reg[ax], s.reg[dx] = low, high
	return goesOn, 0
}

// shift is a shift or rotation by a known count.
func (c *cpu) shift(s *state, in *inst, end int) (event, int) {
	a, ok := c.read(s, in, in.dst, end)
	count := num(1, 1)
	if in.src.where == inImm {
		count = in.imm
	}
	if !ok || count.kind() != number && a.kind() == number {
		return c.finish(ok && c.write(s, in, in.dst, of(junk, 0)))
	}
	n := uint(count.n()) & 31
	if in.size == 8 {
		n = uint(count.n()) & 63
	}
	if n == 0 { // the operand is written nevertheless, the flags are not
		return c.finish(c.write(s, in, in.dst, a))
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
	return c.finish(c.write(s, in, in.dst, r))
}
