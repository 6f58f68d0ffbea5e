package rewrite

import (
	"math/bits"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Rules about arithmetic and comparisons.

// sameFlags removes a comparison with zero whose result the flags hold already.
func sameFlags(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	f := c.s.flags
	x, ok := c.comparedWithZero(in)
	if !ok || f.kind != flagsResult || f.size != x.size || f.v != c.s.r[x.number] || !c.dead(i, x86.AF) || !f.carryClear && !c.dead(i, x86.CF) {
		return 0, nil
	}
	if f.overflowClear || c.dead(i, x86.OF) {
		return 1, []flow.Inst{}
	}
	return 0, nil
}

// comparedWithZero returns the register that an instruction compares with zero, and
// does nothing else.
func (c *cursor) comparedWithZero(in *flow.Inst) (register, bool) {
	x, ok := at(in, 0).register()
	if !ok || x.high || !plain(in) {
		return x, false
	}
	n, isNumber := at(in, 1).number()
	y, _ := at(in, 1).register()
	switch name(in) {
	case "cmp":
		return x, isNumber && n == 0
	case "test":
		return x, y == x
	case "and", "or":
		return x, y == x && (x.size != 4 || c.bits() != 64) // else it clears the upper half
	}
	return x, false
}

// compareZero turns CMP r, 0 into TEST r, r.
func compareZero(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	_, ok := at(in, 0).register()
	n, isNumber := at(in, 1).number()
	if name(in) != "cmp" || !ok || !isNumber || n != 0 || !plain(in) || !c.dead(i, x86.AF) {
		return 0, nil
	}
	return 1, c.make(i).one("test", operand{Operand: &in.Operands[0]}, operand{Operand: &in.Operands[0]})
}

// compareByCounting turns CMP r, 1 and CMP r, -1 into DEC and INC where r does
// not matter any more and only equality is asked for.
func compareByCounting(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, ok := at(in, 0).register()
	n, isNumber := at(in, 1).number()
	if name(in) != "cmp" || !ok || !isNumber || !plain(in) || !c.dead(i, arithmeticFlags&^x86.ZF) || x.size < 4 {
		return 0, nil
	}
	if c.needed(i, x.number) != 0 || x.number == sp {
		return 0, nil
	}
	m := c.make(i)
	o := operand{Operand: &in.Operands[0]}
	switch {
	case n == 1:
		return 1, m.one("dec", o)
	case n == -1 || uint64(n) == limit(x.size):
		return 1, m.one("inc", o)
	case n == 2 && c.bits() == 32:
		return 1, seq(func() (flow.Inst, bool) { return m.inst("dec", o) }, func() (flow.Inst, bool) { return m.inst("dec", o) })
	}
	return 0, nil
}

// counting turns ADD and SUB of 1 into INC and DEC, and 128 into -128.
func counting(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	n, ok := at(in, 1).number()
	if (name(in) != "add" && name(in) != "sub") || !ok || !plain(in) {
		return 0, nil
	}
	size := operationSize(in)
	if size == 0 {
		return 0, nil
	}
	n = signExtend(uint64(n), size)
	other := map[string]string{"add": "sub", "sub": "add"}[name(in)]
	if name(in) == "sub" {
		n = -n
	}
	m := c.make(i)
	o := operand{Operand: &in.Operands[0], ref: in.Refs[0]}
	switch {
	case n == 1 && c.dead(i, x86.CF):
		return 1, m.one("inc", o)
	case n == -1 && c.dead(i, x86.CF):
		return 1, m.one("dec", o)
	case (n == 128 || n == -128) && size > 1 && c.dead(i, x86.CF|x86.AF):
		k, _ := at(in, 1).number()
		return 1, m.one(other, o, imm(-signExtend(uint64(k), size)))
	}
	return 0, nil
}

// operationSize is the size in bytes of what an instruction works on: that of
// its first operand.
func operationSize(in *flow.Inst) int {
	if r, ok := at(in, 0).register(); ok {
		return r.size
	}
	if f := in.Form; f != nil && at(in, 0).memory() {
		return f.Size()
	}
	return 0
}

func signExtend(n uint64, size int) int64 {
	shift := 64 - 8*size
	return int64(n<<shift) >> shift
}

// operands does arithmetic on a register in fewer bytes where it is known to
// change nothing but what a shorter form changes too.
func operands(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	if !isReg || !plain(in) || x.size < 4 {
		return 0, nil
	}
	o := operand{Operand: &in.Operands[0]}
	m := c.make(i)
	n, isNumber := at(in, len(in.Operands)-1).number()
	switch name(in) {
	case "and":
		if isNumber && c.dead(i, arithmeticFlags) {
			return andForms(c, i, x, uint64(n))
		}
	case "imul":
		if !isNumber || !c.dead(i, arithmeticFlags) || n <= 1 || n&(n-1) != 0 || n > 1<<30 {
			return 0, nil
		}
		if q, ok := at(in, len(in.Operands)-2).register(); !ok || q != x {
			return 0, nil
		}
		if n == 2 {
			return 1, m.one("add", o, o)
		}
		return 1, m.one("shl", o, imm(int64(bits.TrailingZeros64(uint64(n)))))
	case "lea":
		return leaForms(c, i, x)
	}
	return 0, nil
}

// andForms does without AND, shortens its mask, or makes it a zero extension.
func andForms(c *cursor, i int, x register, n uint64) (int, []flow.Inst) {
	m := c.make(i)
	// Bits that are 0 already, or do not matter, may be anything in the mask.
	l := limit(x.size)
	free := (c.zeros(x.number) | ^masks(c.needed(i, x.number))) & l
	mask := n & l
	if x.size*8 == c.bits() && mask|free == l {
		return 1, []flow.Inst{}
	}
	for _, try := range []uint64{mask | free, mask | free&^0x7F, mask} {
		if s := signExtend(try, x.size); s >= -128 && s < 128 && s != signExtend(mask, x.size) {
			return 1, m.one("and", reg(x.number, x.size), imm(s))
		}
	}
	for size := 1; size <= 2; size++ {
		low := limit(size)
		if (mask|free)&low == low && mask&^low&^free == 0 && (size == 2 || x.number < 4 || c.bits() == 64) {
			return 1, m.one("movzx", reg(x.number, 4), reg(x.number, size))
		}
	}
	return 0, nil
}

// zeros are the bits of a register that are known to be 0 where the cursor stands.
func (c *cursor) zeros(r int) uint64 { return c.a.t.facts(c.s.r[r]).zeros }

// leaForms replaces LEA by plain arithmetic.
func leaForms(c *cursor, i int, x register) (int, []flow.Inst) {
	in := &c.code[i]
	a := at(in, 1).address(c.bits())
	m := c.make(i)
	o := operand{Operand: &in.Operands[0]}
	if !a.plain || x.number == sp {
		return 0, nil
	}
	switch {
	case a.ref.IsZero() && a.disp == 0 && a.base >= 0 && a.index >= 0 && a.scale == 1 && c.dead(i, arithmeticFlags):
		if a.base == x.number {
			return 1, m.one("add", o, reg(a.index, x.size))
		}
		if a.index == x.number {
			return 1, m.one("add", o, reg(a.base, x.size))
		}
	case !a.ref.IsZero() && a.base == x.number && a.index < 0 && c.dead(i, arithmeticFlags) && c.bits() == 32:
		r := a.ref
		r.Offset += a.disp
		return 1, m.one("add", o, immRef(r))
	}
	return 0, nil
}

// narrowToByte does in bytes what only bytes of the result matter of.
func narrowToByte(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	n, isNumber := at(in, 1).number()
	if !isReg || !isNumber || !plain(in) || x.size < 4 || x.number >= 4 && c.bits() == 32 || x.number == sp || len(in.Operands) != 2 {
		return 0, nil
	}
	v := uint64(n) & limit(x.size)
	var low, high bool // that byte is enough
	number := func(n uint64) int64 { return signExtend(n, 1) }
	switch name(in) {
	case "test":
		number = func(n uint64) int64 { return int64(n) }
		low = v < 0x80 || v < 0x100 && c.dead(i, x86.SF)
		high = v&^0xFF00 == 0 && c.dead(i, x86.PF) && (v < 0x8000 || c.dead(i, x86.SF))
	case "cmp":
		number = func(n uint64) int64 { return int64(n) }
		low = c.zeros(x.number)|0xFF == all && v < 0x100 && c.dead(i, x86.SF|x86.OF)
	case "and", "or", "xor", "add", "sub":
		live, ok := c.changed(i, x, v)
		low = ok && live&^0xFF == 0
		high = ok && live&^0xFF00 == 0 && name(in) != "add" && name(in) != "sub"
	}
	switch {
	case low:
		return 1, c.make(i).one(name(in), reg(x.number, 1), imm(number(v)))
	case high && x.number < 4:
		return 1, c.make(i).one(name(in), highReg(x.number), imm(number(v>>8)))
	}
	return 0, nil
}

// changed are the bits that matter behind the operation at i with register x and the
// number v, and that it may change. It is false where its flags matter, or that it
// clears the upper half.
func (c *cursor) changed(i int, x register, v uint64) (uint64, bool) {
	if !c.dead(i, arithmeticFlags) {
		return 0, false
	}
	if c.bits() == 64 && x.size == 4 && c.needed(i, x.number)&8 != 0 && c.zeros(x.number)|limit(4) != all {
		return 0, false
	}
	same := uint64(0)
	switch name(&c.code[i]) {
	case "and":
		same = v | c.zeros(x.number)
	case "or", "xor":
		same = ^v
	}
	return masks(c.needed(i, x.number)) & limit(x.size) &^ same, true
}

// extension does without a zero extension of what is extended already.
func extension(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	if name(in) != "movzx" || !isReg || x.size < 4 || !plain(in) {
		return 0, nil
	}
	y := at(in, 1)
	size := y.Size
	if q, ok := y.register(); ok {
		size = q.size
		if q.high {
			return 0, nil
		}
	}
	if size != 1 || x.number >= 4 && c.bits() == 32 {
		return 0, nil
	}
	m := c.make(i)
	old := c.a.t.facts(c.s.r[x.number]).zeros
	if (old|^masks(c.needed(i, x.number)))&^0xFF&c.a.t.mask() == c.a.t.mask()&^0xFF {
		return 1, m.one("mov", reg(x.number, 1), y)
	}
	return 0, nil
}

// narrow uses the low half of 64-bit registers where that is enough.
func narrow(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	enough := lowHalf[name(in)]
	if c.bits() != 64 || !isReg || x.size != 8 || x.number == sp || !plain(in) || enough == nil {
		return 0, nil
	}
	y := at(in, 1)
	h := &half{c: c, i: i, in: in, x: x, y: y, dead: c.dead(i, arithmeticFlags), unused: c.needed(i, x.number)&8 == 0}
	h.q, h.second = y.register()
	h.n, h.isNumber = y.number()
	extends := name(in) == "lea" || name(in) == "movzx" || name(in) == "movsx"
	if y.memory() && y.ref.IsZero() && !extends {
		return 0, nil // half a load may be allowed where the whole raises an exception
	}
	operands, ok := lowHalves(in)
	switch {
	case !enough(h):
		return 0, nil
	case extends:
		return 1, c.make(i).one(name(in), operands[0], y)
	case !ok:
		return 0, nil
	}
	return 1, c.make(i).one(name(in), operands...)
}

// lowHalves returns the low halves of an instruction's operands, and false where a
// register is no whole one.
func lowHalves(in *flow.Inst) ([]operand, bool) {
	low, ok := make([]operand, len(in.Operands)), true
	for k := range in.Operands {
		o := at(in, k)
		low[k] = o
		if r, isReg := o.register(); isReg && (k == 0 || r.size == 8) {
			low[k] = reg(r.number, 4)
		} else if isReg {
			ok = false
		}
		if o.memory() && o.Size == 8 {
			half := *o.Operand
			half.Size = 4
			low[k].Operand = &half
		}
	}
	return low, ok
}

// half is an instruction on 64 bits, of which it is asked whether the low half of its
// operands is enough.
type half struct {
	c        *cursor
	i        int
	in       *flow.Inst
	x        register // its first operand
	y        operand  // the second
	q        register // that one, if it is one
	second   bool
	n        int64 // the number that it is, if it is one
	isNumber bool
	dead     bool // no flag matters
	unused   bool // nor does the upper half of the result
}

// clear reports whether the upper half of a register is 0.
func (h *half) clear(r register) bool { return h.c.zeros(r.number)|limit(4) == all }

// positive reports whether the second operand is a number of 31 bits.
func (h *half) positive() bool { return h.isNumber && h.n >= 0 && h.n < 1<<31 }

// bothClear reports whether the upper halves of both registers are 0.
func (h *half) bothClear() bool { return h.clear(h.x) && h.second && h.clear(h.q) }

// most are the largest numbers that the operands can be.
func (h *half) most() (x, y uint64) {
	t := h.c.a.t
	x = t.most(h.c.s.r[h.x.number])
	switch {
	case h.second:
		return x, t.most(h.c.s.r[h.q.number])
	case h.isNumber:
		return x, uint64(h.n)
	case len(h.in.Operands) > 1:
		return x, all
	}
	return x, 1
}

// lowHalf tells by the name of an instruction when the low half of its operands is
// enough.
var lowHalf = map[string]func(h *half) bool{
	"test": func(h *half) bool {
		// ZF and PF are the same; SF is that of bit 31.
		signless := h.c.dead(h.i, x86.SF) || h.c.zeros(h.x.number)>>31&1 == 1
		return h.second && h.q == h.x && h.clear(h.x) && signless || h.positive()
	},
	"cmp": func(h *half) bool {
		return h.clear(h.x) && (h.bothClear() || h.positive()) && h.c.dead(h.i, x86.SF|x86.OF)
	},
	"and": func(h *half) bool {
		return h.positive() || h.dead && (h.unused || h.clear(h.x) && !h.y.memory() || h.second && h.clear(h.q))
	},
	"or":   clearOrUnused,
	"xor":  clearOrUnused,
	"add":  sumFits,
	"inc":  sumFits,
	"imul": productFits,
	"sub":  resultUnused,
	"dec":  resultUnused,
	"neg":  resultUnused,
	"not":  resultUnused,
	"shl":  func(h *half) bool { return h.unused && h.isNumber && h.n > 0 && h.n < 32 && h.dead },
	"shr":  func(h *half) bool { return h.isNumber && h.n > 0 && h.n < 32 && h.clear(h.x) && h.dead },
	"mov": func(h *half) bool {
		return h.unused && (h.second || h.y.memory()) || h.second && h.clear(h.q)
	},
	"lea":   func(h *half) bool { return h.unused },
	"movsx": func(h *half) bool { return h.unused },
	"movzx": func(*half) bool { return true },
}

func clearOrUnused(h *half) bool {
	return h.dead && (h.unused || h.bothClear() || h.clear(h.x) && h.isNumber && h.n >= 0)
}

func resultUnused(h *half) bool { return h.unused && h.dead }

func sumFits(h *half) bool {
	x, y := h.most()
	return h.dead && (h.unused && len(h.in.Operands) < 3 || x < 1<<32 && y < 1<<32 && x+y < 1<<32)
}

func productFits(h *half) bool {
	x, y := h.most()
	two := len(h.in.Operands) == 2
	return h.dead && two && (h.unused || x < 1<<32 && y < 1<<32 && x*y < 1<<32)
}

// sums turns a copy and an addition into LEA.
func sums(c *cursor, i int) (int, []flow.Inst) {
	if i+1 >= len(c.code) {
		return 0, nil
	}
	in, next := &c.code[i], &c.code[i+1]
	x, ok1 := at(in, 0).register()
	y, ok2 := at(in, 1).register()
	z, ok3 := at(next, 0).register()
	if name(in) != "mov" || !ok1 || !ok2 || !ok3 || z != x || !plain(in) || !plain(next) || x.size*8 != c.bits() || y.size != x.size ||
		x.number == sp || !c.dead(i+1, arithmeticFlags) {
		return 0, nil
	}
	n, isNumber := at(next, 1).number()
	q, isReg := at(next, 1).register()
	m := c.make(i)
	a := mem(int64(y.number), 0, c.bits(), 0)
	switch {
	case name(next) == "add" && isNumber:
		a.Value.N = n
	case name(next) == "sub" && isNumber:
		a.Value.N = -n
	case name(next) == "inc":
		a.Value.N = 1
	case name(next) == "dec":
		a.Value.N = -1
	case name(next) == "add" && isReg && q.number != x.number && q.number != sp:
		a.Value.AddRegister(x86.GeneralRegister(q.number, c.bits()/8), 1)
	default:
		return 0, nil
	}
	if a.Value.N != signExtend(uint64(a.Value.N), 4) {
		return 0, nil
	}
	return 2, m.one("lea", reg(x.number, x.size), a)
}
