package synth

import (
	"math/bits"
	"slices"
	"sync/atomic"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/machine"
)

// event is what an instruction leads to besides its effect on the state.
type event uint8

const (
	goesOn event = iota
	jumps        // to the file offset that step returns
	calls        // the kernel
	stops        // it faults, or depends on what is not known
)

// cpu is the processor: 32-bit or 64-bit code at its place in the file. What an
// instruction does is what package machine says, carried out on vals.
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
	// slots are what operations compute with.
	slots [machine.SlotCount]val
}

// registers is how many general registers there are.
func (c *cpu) registers() int {
	if c.long {
		return 16
	}
	return 8
}

// effect returns what the instruction does. Blurred tells that this is so for another
// immediate than the one it has, which is not known and decides what happens: then
// nothing is known of what it changes.
func (in *inst) effect(long bool) (e *effect, blurred bool) {
	f := in.form
	if e = f.effect.Load(); e != nil && !f.sib {
		return e, false
	}
	if f.sib {
		to := f.behind(in.sib)
		if to.Load() == nil {
			to.Store(&form{code: append(slices.Clip(f.code), in.sib)})
		}
		f = to.Load()
	}
	p := &f.effect
	if f.counted.Load() != nil {
		n := in.imm.n()
		if blurred = in.imm.kind() != number; blurred {
			n = 1
		}
		p = &f.counted.Load()[uint8(n)]
	}
	if e = p.Load(); e != nil {
		return e, blurred
	}
	code := make([]byte, x86.MaxLength)
	copy(code, f.code)
	if f.counted.Load() != nil {
		n := uint8(in.imm.n())
		if blurred {
			n = 1
		}
		code[len(f.code)+in.dispSize] = n
	}
	e = &effect{machine.Lift(bitsOf(long), code)}
	if f.counted.Load() == nil && in.immSize == 1 && e.lifted != nil && e.lifted.Reads>>machine.SlotImmediate&1 == 0 {
		f.counted.Store(new([256]atomic.Pointer[effect]))
		return in.effect(long)
	}
	p.Store(e)
	return e, blurred
}

// step carries out an instruction that begins at file offset ip. On stops, the
// state is in disorder.
func (c *cpu) step(s *state, in *inst, ip int) (event, int) {
	switch in.op {
	case opInt:
		if in.imm != num(0x80, 1) && in.imm != num(0xffffffffffffff80, 8) {
			return stops, 0
		}
		return calls, 0
	case opSyscall:
		return calls, 0
	}
	e, blurred := in.effect(c.long)
	if e.lifted == nil {
		return stops, 0
	}
	v := &c.slots
	copy(v[:c.registers()], s.reg[:])
	for flags := e.lifted.Reads >> machine.SlotFlags & (1<<machine.FlagCount - 1); flags != 0; flags &= flags - 1 {
		i := bits.TrailingZeros32(flags)
		v[machine.SlotFlags+i] = s.flag(machine.FlagAt(i))
	}
	v[machine.SlotNext] = of(file, int64(ip+in.length))
	v[machine.SlotDisplacement] = num(uint64(in.disp), c.ptr)
	if v[machine.SlotImmediate] = in.imm; in.imm.kind() == number {
		v[machine.SlotImmediate] = num(uint64(in.imm.n()), in.size)
	}
	for i := 0; ; i++ {
		o := &e.lifted.Operations[i]
		a := v[o.A%machine.SlotCount]
		switch o.Op {
		case machine.OpLoad:
			x, ok := c.load(s, a, int(o.Aux))
			if !ok {
				return stops, 0
			}
			v[o.To%machine.SlotCount] = x
		case machine.OpElse:
			switch a {
			case of(number, 1):
			case of(number, 0):
				i = int(o.N) - 1
			default:
				return stops, 0
			}
		case machine.OpEnd:
			return c.end(s, &e.lifted.Ends[o.N], blurred)
		case machine.OpLeave:
			return stops, 0
		default:
			b, third := v[o.B%machine.SlotCount], v[o.C%machine.SlotCount]
			if a.kind() == number && b.kind() == number && third.kind() == number {
				v[o.To%machine.SlotCount] = packed(o.Compute(uint64(a.n()), uint64(b.n()), uint64(third.n())))
			} else {
				v[o.To%machine.SlotCount] = c.compute(o, a, b, third)
			}
		}
	}
}

// end makes the changes at an end of an instruction.
func (c *cpu) end(s *state, e *machine.End, blurred bool) (event, int) {
	v := &c.slots
	to := func(slot uint8) val {
		if blurred {
			return of(junk, 0)
		}
		return v[slot%machine.SlotCount]
	}
	for _, x := range e.Stores {
		if !c.store(s, v[x.Address%machine.SlotCount], to(x.Value), x.Size) {
			return stops, 0
		}
	}
	for _, r := range e.Registers {
		s.reg[r.Number&15] = to(r.Slot)
	}
	s.changeFlags(&e.Flags, v)
	if blurred {
		s.known = 0
	}
	switch next := v[e.IP%machine.SlotCount]; {
	case int(e.IP) == machine.SlotNext:
		return goesOn, 0
	case next.kind() == file:
		return jumps, int(next.n())
	}
	return stops, 0
}

// flag returns the flag as a number, if it is known.
func (s *state) flag(f x86.FlagSet) val {
	switch {
	case s.known&f == 0:
		return of(junk, 0)
	case s.flags&f != 0:
		return of(number, 1)
	}
	return of(number, 0)
}

func (s *state) changeFlags(f *machine.FlagChanges, v *[machine.SlotCount]val) {
	s.known, s.flags = s.known&f.Kept|f.Fixed, s.flags&f.Kept|f.Set
	if total := v[f.Total%machine.SlotCount]; f.Late != 0 && total.kind() == number {
		x, y := total, of(number, 0)
		if !f.Logical {
			x, y = v[f.X%machine.SlotCount], v[f.Y%machine.SlotCount]
		}
		if x.kind() == number && y.kind() == number {
			s.known |= f.Late
			s.flags |= f.Status(uint64(x.n()), uint64(y.n()), uint64(total.n()))
		}
	}
	for _, t := range f.Terms {
		flag := machine.FlagAt(int(t.Number))
		switch v[t.Slot%machine.SlotCount] {
		case of(number, 1):
			s.known, s.flags = s.known|flag, s.flags|flag
		case of(number, 0):
			s.known |= flag
		}
	}
}

// compute computes an operation whose operands are not all numbers.
func (c *cpu) compute(o *machine.Operation, a, b, third val) val {
	all := ^uint64(0) >> (64 - o.Width)
	switch o.Op {
	case machine.OpConstant:
		return packed(o.N)
	case machine.OpPlus:
		return c.add(a, o.N, o)
	case machine.OpSum:
		switch {
		case a.kind() == number:
			return c.add(b, uint64(a.n())*o.N, o)
		case o.N == 1 && b.kind() == number:
			return c.add(a, uint64(b.n()), o)
		}
	case machine.OpExtract:
		switch {
		case a.kind() != file:
		case o.Aux+o.Width <= 8:
			// The file begins at a page, so the low byte of an address is known.
			return packed(uint64(a.n()) >> o.Aux & all)
		case o.Aux == 0 && o.Width == 32:
			return c.short(a)
		}
	case machine.OpInsert:
		if o.Aux == 8 && b.kind() == number && a.kind() == file && a.n() >= 0 && a.n() < elf.PageSize {
			return of(file, a.n()&^0xff|b.n())
		}
	case machine.OpAnd, machine.OpOr, machine.OpXor:
		if a.kind() == number {
			a, b = b, a
		}
		if b.kind() == number {
			return bitwise(o.Op, a, b, uint64(b.n()) == all)
		}
	case machine.OpMul, machine.OpMulHigh, machine.OpMulHighSigned:
		if zero := of(number, 0); a == zero || b == zero {
			return zero
		}
	case machine.OpIf:
		switch a {
		case of(number, 1):
			return b
		case of(number, 0):
			return third
		}
	}
	return of(junk, 0)
}

// bitwise returns what becomes of v together with a number, where that is v or a number:
// ones tells that all its bits are set.
func bitwise(o machine.Op, v, n val, ones bool) val {
	none := n == of(number, 0)
	switch and := o == machine.OpAnd; {
	case and && ones, !and && none:
		return v
	case and && none, o == machine.OpOr && ones:
		return n
	}
	return of(junk, 0)
}

// add adds a number to what is none.
func (c *cpu) add(v val, n uint64, o *machine.Operation) val {
	d := extend(n, int(o.Width)/8)
	switch {
	case d == 0:
		return v
	case v.kind() != file && v.kind() != stack || o.Width < 32:
		return of(junk, 0)
	}
	if v = plus(v, d); c.ptr == 4 {
		return of(v.kind(), int64(int32(v.n())))
	}
	if o.Width == 32 {
		return c.short(v)
	}
	return v
}

// short returns what an address is in a register of 32 bits.
func (c *cpu) short(v val) val {
	if v.kind() != file || !near(v) || c.far() {
		return of(junk, 0)
	}
	return v
}

// near reports whether an address is so near to the file that it takes no more bits
// than those of the file: that lies above vm.mmap_min_addr, which is 64 KiB.
func near(v val) bool { return -0x8000 <= v.n() && v.n() <= 0x8000 }

// packed returns the val of a number; junk where it can't be represented.
func packed(n uint64) val {
	if v := of(number, int64(n)); v.n() == int64(n) {
		return v
	}
	return of(junk, 0)
}

// load reads memory.
func (c *cpu) load(s *state, a val, size int) (val, bool) {
	switch a.kind() {
	case stack:
		whole := a.n() &^ int64(c.ptr-1)
		i, _ := slotAt(whole, c.ptr)
		v, ok := s.load(i)
		shift := uint64(a.n()-whole) * 8
		switch {
		case size == c.ptr && shift == 0:
		case v.kind() == number && int(shift/8)+size <= c.ptr:
			v = num(uint64(v.n())>>shift, size)
		default:
			v = of(junk, 0)
		}
		return v, ok
	case file:
		if size == c.ptr && c.isPiece(a.n()) {
			return of(piece, a.n()), true
		}
		n, ok := c.readFile(a.n(), size)
		return num(n, size), ok
	}
	return 0, false
}

// store writes memory.
func (c *cpu) store(s *state, a, v val, size int) bool {
	if a.kind() != stack {
		return false
	}
	whole := a.n() &^ int64(c.ptr-1)
	i, _ := slotAt(whole, c.ptr)
	if size == c.ptr && whole == a.n() {
		return s.store(i, v)
	}
	old, ok := s.load(i)
	shift := uint64(a.n()-whole) * 8
	if !ok || int(shift/8)+size > c.ptr {
		return false
	}
	if old.kind() != number || v.kind() != number {
		return s.store(i, of(junk, 0))
	}
	return s.store(i, num(uint64(old.n())&^(mask(size)<<shift)|uint64(v.n())<<shift, c.ptr))
}
