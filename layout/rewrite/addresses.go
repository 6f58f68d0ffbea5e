package rewrite

import (
	"tasm/flow"
)

// near addresses memory by a register that holds an address close to it, which
// takes a displacement of one byte instead of four.
func near(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	if in.Target != nil || isSystemCall(in) {
		return 0, nil
	}
	for k := range in.Operands {
		o := at(in, k)
		if !o.memory() || o.ref.Object == nil {
			continue
		}
		a := o.address(c.bits())
		if !a.plain || a.index >= 0 {
			return 0, nil
		}
		for r := range registers {
			to, ok := c.a.t.ref(c.s.r[r])
			if !ok || to.Object != o.ref.Object || r >= 8 && c.bits() == 32 {
				continue
			}
			d := o.ref.Offset + a.disp - to.Offset
			if d < -128 || d > 127 {
				continue
			}
			m := *o.Operand
			m.Value.N = d
			if !m.Value.AddRegister(generalRegister(r, c.bits()), 1) || a.base == r {
				continue
			}
			operands := make([]operand, len(in.Operands))
			for n := range operands {
				operands[n] = at(in, n)
			}
			operands[k] = operand{Operand: &m}
			if code := c.again(i, operands); code != nil {
				return 1, code
			}
		}
	}
	return 0, nil
}

// again makes the instruction at i with other operands.
func (c *cursor) again(i int, operands []operand) []flow.Inst {
	in := &c.code[i]
	m := c.make(i)
	m.prefixes = in.Prefixes
	return m.one(name(in), operands...)
}
