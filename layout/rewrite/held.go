package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// immediates puts a register, or a byte of one, in place of a number or an address that
// it is known to hold.
func immediates(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	last := len(in.Operands) - 1
	if last < 0 || last > 1 || !plain(in) || in.Operands[last].Kind != x86.ImmediateOperand {
		return 0, nil
	}
	n, size := at(in, last), operationSize(in)
	switch name(in) {
	case "push":
		if size = c.bits() / 8; n.Size > 1 && n.Size != size {
			return 0, nil
		}
	case "mov":
		if !at(in, 0).memory() {
			return 0, nil // constants.go
		}
	case "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp":
	default:
		return 0, nil
	}
	var operands []operand
	if last == 1 {
		to := in.Operands[0]
		if to.Kind == x86.MemoryOperand {
			to.Size = size
		}
		operands = []operand{{&to, in.Refs[0]}}
	}
	x, _ := at(in, 0).register()
	var best []flow.Inst
	try := func(r int, o operand, shift int) {
		if (x.size > 0 && r == x.number) || r == sp || !c.holds(r, shift, size, n) {
			return
		}
		if code := c.make(i).one(name(in), append(operands[:last:last], o)...); code != nil && (best == nil || sizeOf(code) < sizeOf(best)) {
			best = code
		}
	}
	for r := range registers {
		switch {
		case size == 1 && r < 4:
			try(r, reg(r, 1), 0)
			try(r, highReg(r), 8)
		case size > 1 && (r < 8 || c.bits() == 64):
			try(r, reg(r, size), 0)
		}
	}
	if best == nil {
		return 0, nil
	}
	return 1, best
}

// holds reports whether size bytes of a register, from bit shift on, are known to be
// what an immediate operand is.
func (c *cursor) holds(r, shift, size int, o operand) bool {
	v, l := c.s.r[r], limit(size)
	n, isNumber := o.number()
	if !isNumber {
		return !o.ref.IsZero() && size*8 == c.bits() && (c.bits() == 32 || c.a.t.lowAddrs) && v == c.a.t.address(o.ref)
	}
	if held, ok := v.number(); ok {
		return (held>>shift^uint64(n))&l == 0
	}
	return uint64(n)&l == 0 && c.a.t.facts(v).zeros>>shift&l == l
}
