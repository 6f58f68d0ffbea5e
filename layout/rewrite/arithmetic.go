package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// Rules about arithmetic and comparisons.

// sameFlags removes a comparison with zero whose result the flags hold already.
func sameFlags(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	f := c.s.flags
	x, ok := at(in, 0).register()
	if !ok || x.high || !plain(in) || f.kind != flagsResult || f.size != x.size || f.v != c.s.r[x.number] {
		return 0, nil
	}
	switch name(in) {
	case "test", "and", "or":
		if y, ok := at(in, 1).register(); !ok || y != x {
			return 0, nil
		}
	case "cmp":
		if n, ok := at(in, 1).number(); !ok || n != 0 {
			return 0, nil
		}
	default:
		return 0, nil
	}
	if name(in) != "cmp" && name(in) != "test" && x.size == 4 && c.bits() == 64 {
		return 0, nil // it clears the upper half
	}
	if !c.dead(i, x86.AF) {
		return 0, nil
	}
	if (f.carryClear || c.dead(i, x86.CF)) && (f.overflowClear || c.dead(i, x86.OF)) {
		return 1, []flow.Inst{}
	}
	// A signed comparison with zero asks for the sign: OF is clear here.
	if (f.carryClear || c.dead(i, x86.CF)) && i+1 == len(c.code)-1 && isBranch(&c.code[i+1]) {
		b := c.code[i+1]
		to := map[string]string{"jl": "js", "jnge": "js", "jge": "jns", "jnl": "jns"}[name(&b)]
		if to == "" || c.after[i+1].flags&x86.OF != 0 || c.l.in[b.Target].flags&x86.OF != 0 {
			return 0, nil
		}
		b.Mnemonic = x86.LookupMnemonic(to)
		if forms := x86.Forms(b.Mnemonic); len(forms) > 0 {
			b.Form = forms[0]
			return 2, []flow.Inst{b}
		}
	}
	return 0, nil
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

// byteOperands replaces the number that a byte of memory is compared or worked
// on with by a byte register that is known to hold it.
func byteOperands(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	n, ok := at(in, 1).number()
	if !at(in, 0).memory() || !ok || !plain(in) || operationSize(in) != 1 {
		return 0, nil
	}
	switch name(in) {
	case "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp":
	default:
		return 0, nil
	}
	to := in.Operands[0]
	to.Size = 1
	for r := range ax + 4 {
		if c.byteIs(r, 0, byte(n)) {
			return 1, c.make(i).one(name(in), operand{&to, in.Refs[0]}, reg(r, 1))
		}
		if c.byteIs(r, 8, byte(n)) {
			return 1, c.make(i).one(name(in), operand{&to, in.Refs[0]}, highReg(r))
		}
	}
	return 0, nil
}

// byteIs reports whether eight bits of a register, from bit shift on, are known
// to be n.
func (c *cursor) byteIs(r, shift int, n byte) bool {
	if v, ok := c.s.r[r].number(); ok {
		return byte(v>>shift) == n
	}
	return n == 0 && c.a.t.facts(c.s.r[r]).zeros>>shift&0xFF == 0xFF
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
	case n == 2 && size == 4 && c.bits() == 32 && at(in, 0).Kind == x86.RegisterOperand && c.dead(i, arithmeticFlags):
		return 1, seq(func() (flow.Inst, bool) { return m.inst("inc", o) }, func() (flow.Inst, bool) { return m.inst("inc", o) })
	case n == -2 && size == 4 && c.bits() == 32 && at(in, 0).Kind == x86.RegisterOperand && c.dead(i, x86.CF|x86.OF|x86.AF):
		return 1, seq(func() (flow.Inst, bool) { return m.inst("dec", o) }, func() (flow.Inst, bool) { return m.inst("dec", o) })
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

// immediates replaces a number by a register that holds it.
func immediates(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	n, ok := at(in, 1).number()
	if !isReg || !ok || len(in.Operands) != 2 || !plain(in) || x.size < 4 {
		return 0, nil
	}
	switch name(in) {
	case "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp":
	default:
		return 0, nil
	}
	for r := range registers {
		v, known := c.s.r[r].number()
		if known && v&limit(x.size) == uint64(n)&limit(x.size) && r != x.number && (r < 8 || c.bits() == 64) {
			return 1, c.make(i).one(name(in), operand{Operand: &in.Operands[0]}, reg(r, x.size))
		}
	}
	return 0, nil
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
		if !isNumber || !c.dead(i, arithmeticFlags) {
			return 0, nil
		}
		// Bits that are 0 already, or do not matter, may be anything in the mask.
		l := limit(x.size)
		free := (c.a.t.facts(c.s.r[x.number]).zeros | ^masks(c.needed(i, x.number))) & l
		mask := uint64(n) & l
		if x.size*8 == c.bits() && (mask|free) == l {
			return 1, []flow.Inst{}
		}
		for _, try := range []uint64{mask | free, mask | free&^0x7F, mask} {
			if s := signExtend(try, x.size); s >= -128 && s < 128 && s != signExtend(mask, x.size) {
				return 1, m.one("and", o, imm(s))
			}
		}
		if mask&^free == 0xFF&^free && (x.number < 4 || c.bits() == 64) && mask|free >= 0xFF {
			if (mask|free)&0xFF == 0xFF && mask&^0xFF&^free == 0 {
				return 1, m.one("movzx", reg(x.number, 4), reg(x.number, 1))
			}
		}
		if (mask|free)&0xFFFF == 0xFFFF && mask&^0xFFFF&^free == 0 {
			return 1, m.one("movzx", reg(x.number, 4), reg(x.number, 2))
		}
	case "imul":
		if !isNumber || !c.dead(i, arithmeticFlags) || n <= 0 || n&(n-1) != 0 || n > 1<<30 {
			return 0, nil
		}
		if q, ok := at(in, len(in.Operands)-2).register(); !ok || q != x {
			return 0, nil
		}
		shift := int64(0)
		for 1<<shift < n {
			shift++
		}
		switch shift {
		case 0:
			return 0, nil
		case 1:
			return 1, m.one("add", o, o)
		}
		return 1, m.one("shl", o, imm(shift))
	case "lea":
		return leaForms(c, i, x)
	}
	return 0, nil
}

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

// bytesOnly does in bytes what only bytes of the result matter of.
func bytesOnly(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	if !isReg || !plain(in) || x.size < 4 || x.number >= 4 && c.bits() == 32 || x.number == sp || len(in.Operands) != 2 {
		return 0, nil
	}
	n, isNumber := at(in, 1).number()
	m := c.make(i)
	low := reg(x.number, 1)
	l := limit(x.size)
	v := uint64(n) & l
	upper := c.a.t.facts(c.s.r[x.number]).zeros|0xFF == all // only the low byte is used
	switch name(in) {
	case "test":
		if !isNumber {
			return 0, nil
		}
		switch {
		case v < 0x80 || v < 0x100 && c.dead(i, x86.SF):
			return 1, m.one("test", low, imm(int64(v)))
		case v&^0xFF00 == 0 && x.number < 4 && c.dead(i, x86.PF) && (v < 0x8000 || c.dead(i, x86.SF)):
			return 1, m.one("test", highReg(x.number), imm(int64(v>>8)))
		}
	case "cmp":
		if isNumber && upper && v < 0x100 && c.dead(i, arithmeticFlags&^(x86.ZF|x86.CF|x86.AF|x86.PF)) {
			return 1, m.one("cmp", low, imm(int64(v)))
		}
	case "and", "or", "xor", "add", "sub":
		if !isNumber || !c.dead(i, arithmeticFlags) {
			return 0, nil
		}
		if c.bits() == 64 && x.size == 4 && c.needed(i, x.number)&8 != 0 && c.a.t.facts(c.s.r[x.number]).zeros|limit(4) != all {
			return 0, nil // it clears the upper half
		}
		live := masks(c.needed(i, x.number)) & l
		same := uint64(0) // what the operation leaves as it is
		switch name(in) {
		case "and":
			same = v | c.a.t.facts(c.s.r[x.number]).zeros
		case "or", "xor":
			same = ^v
		}
		if live&^same&^0xFF == 0 {
			return 1, m.one(name(in), low, imm(signExtend(v, 1)))
		}
		if live&^same&^0xFF00 == 0 && x.number < 4 && name(in) != "add" && name(in) != "sub" {
			return 1, m.one(name(in), highReg(x.number), imm(signExtend(v>>8, 1)))
		}
	}
	return 0, nil
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

// halves uses the low half of 64-bit registers where that is enough.
func halves(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	x, isReg := at(in, 0).register()
	if c.bits() != 64 || !isReg || x.size != 8 || x.number == sp || !plain(in) || in.Form.Flow() != x86.Next {
		return 0, nil
	}
	const upper = ^uint64(1<<32 - 1)
	zeros := func(r int) bool { return c.a.t.facts(c.s.r[r]).zeros&upper == upper }
	y := at(in, 1)
	q, second := y.register()
	n, isNumber := y.number()
	low := make([]operand, len(in.Operands))
	for k := range in.Operands {
		o := at(in, k)
		low[k] = o
		if r, ok := o.register(); ok && (k == 0 || r.size == 8) {
			low[k] = reg(r.number, 4)
		} else if ok && name(in) != "movzx" && name(in) != "movsx" {
			return 0, nil
		}
		if o.memory() && o.Size == 8 {
			half := *o.Operand
			half.Size = 4
			low[k].Operand = &half
		}
	}
	unused := c.needed(i, x.number)&8 == 0
	ok := false
	switch name(in) {
	case "test":
		// ZF and PF are the same; SF is that of bit 31.
		ok = second && q == x && zeros(x.number) && (c.dead(i, x86.SF) || c.a.t.facts(c.s.r[x.number]).zeros>>31&1 == 1) ||
			isNumber && n >= 0 && n < 1<<31
	case "cmp":
		ok = zeros(x.number) && (second && zeros(q.number) || isNumber && n >= 0 && n < 1<<31) && c.dead(i, x86.SF|x86.OF)
	case "and":
		ok = isNumber && n >= 0 && n < 1<<31 ||
			c.dead(i, arithmeticFlags) && (unused || zeros(x.number) && !y.memory() || second && zeros(q.number))
	case "or", "xor":
		ok = c.dead(i, arithmeticFlags) && (unused || zeros(x.number) && (second && zeros(q.number) || isNumber && n >= 0))
	case "add", "imul", "inc":
		most, other := c.a.t.most(c.s.r[x.number]), uint64(1)
		if second {
			other = c.a.t.most(c.s.r[q.number])
		} else if isNumber {
			other = uint64(n)
		} else if len(in.Operands) > 1 {
			other = all
		}
		fits := false
		switch name(in) {
		case "imul":
			fits = most < 1<<32 && other < 1<<32 && most*other < 1<<32 && len(in.Operands) == 2
		default:
			fits = most < 1<<32 && other < 1<<32 && most+other < 1<<32
		}
		ok = c.dead(i, arithmeticFlags) && (unused && len(in.Operands) < 3 || fits)
		if name(in) == "imul" && len(in.Operands) == 1 {
			ok = false
		}
	case "sub", "dec", "neg", "not":
		ok = unused && c.dead(i, arithmeticFlags)
	case "shl":
		ok = unused && isNumber && n > 0 && n < 32 && c.dead(i, arithmeticFlags)
	case "shr":
		ok = isNumber && n > 0 && n < 32 && zeros(x.number) && c.dead(i, arithmeticFlags)
	case "mov":
		ok = unused && (second || y.memory()) && y.Kind != x86.ImmediateOperand || second && zeros(q.number)
	case "lea":
		ok = unused
	case "movzx":
		ok = true
	case "movsx":
		ok = unused
	}
	if y.memory() && y.ref.IsZero() && name(in) != "lea" && name(in) != "movzx" && name(in) != "movsx" {
		ok = false // half a load may be allowed where the whole raises an exception
	}
	if !ok {
		return 0, nil
	}
	if name(in) == "lea" || name(in) == "movzx" || name(in) == "movsx" {
		return 1, c.make(i).one(name(in), low[0], y)
	}
	return 1, c.make(i).one(name(in), low...)
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
