package machine

import "tasm/codegen/x86"

// bitwise are the instructions about single bits.
var bitwise = map[string]func(*exec){
	"bt":  func(e *exec) { e.testBit(nil) },
	"bts": func(e *exec) { e.testBit(func(t *Terms, x, b Term) Term { return t.Or(x, b) }) },
	"btr": func(e *exec) { e.testBit(func(t *Terms, x, b Term) Term { return t.And(x, t.Not(b)) }) },
	"btc": func(e *exec) { e.testBit(func(t *Terms, x, b Term) Term { return t.Xor(x, b) }) },
	"bsf": func(e *exec) { e.scan((*Terms).LowestSet) },
	"bsr": func(e *exec) { e.scan((*Terms).HighestSet) },
	"popcnt": func(e *exec) {
		x := e.operand(1)
		for _, f := range []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.SF, x86.OF} {
			e.SetFlag(f, bit(false))
		}
		e.SetFlag(x86.ZF, e.t.IsZero(x))
		e.setOperand(0, e.t.CountOnes(x))
	},
}

// testBit copies a bit to CF and changes it.
func (e *exec) testBit(change func(t *Terms, x, b Term) Term) {
	o := &e.in.Operands[0]
	width := 8 * e.width(0)
	var n int64
	if e.in.Operands[1].Kind == x86.ImmediateOperand {
		n = int64(e.immediate(1)) & int64(width-1)
	} else {
		x := e.operand(1)
		if x.node != nil {
			e.unclear("tests a bit whose number is not known")
			return
		}
		n = signed(x.value, x.width)
	}
	within := int(n & int64(width-1))
	read, write := func() Term { return e.operand(0) }, func(x Term) { e.setOperand(0, x) }
	if o.Kind == x86.MemoryOperand {
		// The bit may lie outside of the operand, by a signed distance.
		if change != nil {
			e.destination(0)
		}
		address := e.address(0).plus(uint64((n - int64(within)) / 8))
		read, write = func() Term { return e.load(address, width/8) }, func(x Term) { e.store(address, x) }
	}
	x := read()
	e.SetFlag(x86.CF, e.t.Extract(x, within, 1))
	e.undefine(x86.OF | x86.SF | x86.AF | x86.PF)
	if change != nil {
		write(change(e.t, x, Number(width, 1<<within)))
	}
}

// scan finds the first set bit.
func (e *exec) scan(find func(*Terms, Term) Term) {
	x := e.operand(1)
	zero, ok := e.ask(e.t.IsZero(x))
	if !ok {
		return
	}
	e.undefine(status)
	e.SetFlag(x86.ZF, bit(zero))
	if zero {
		e.setOperand(0, e.t.Undefined(8*e.width(0)))
		return
	}
	e.setOperand(0, find(e.t, x))
}
