package machine

import "tasm/codegen/x86"

// integers are the arithmetic and logical instructions.
var integers = map[string]func(*exec){
	"add": func(e *exec) { e.add(status, e.operand(1), bit(false)) },
	"adc": func(e *exec) { e.add(status, e.operand(1), e.Flag(x86.CF)) },
	"inc": func(e *exec) { e.add(status&^x86.CF, Number(8*e.width(0), 1), bit(false)) },
	"sub": func(e *exec) { e.setOperand(0, e.subtract(status, e.operand(0), e.operand(1), bit(false))) },
	"sbb": func(e *exec) { e.setOperand(0, e.subtract(status, e.operand(0), e.operand(1), e.Flag(x86.CF))) },
	"dec": func(e *exec) {
		e.setOperand(0, e.subtract(status&^x86.CF, e.operand(0), Number(8*e.width(0), 1), bit(false)))
	},
	"neg": func(e *exec) {
		e.setOperand(0, e.subtract(status, Number(8*e.width(0), 0), e.operand(0), bit(false)))
	},
	"cmp":  func(e *exec) { e.subtract(status, e.operand(0), e.operand(1), bit(false)) },
	"and":  func(e *exec) { e.setOperand(0, e.logic(e.t.And(e.operand(0), e.operand(1)))) },
	"or":   func(e *exec) { e.setOperand(0, e.logic(e.t.Or(e.operand(0), e.operand(1)))) },
	"xor":  func(e *exec) { e.setOperand(0, e.logic(e.t.Xor(e.operand(0), e.operand(1)))) },
	"test": func(e *exec) { e.logic(e.t.And(e.operand(0), e.operand(1))) },
	"not":  func(e *exec) { e.setOperand(0, e.t.Not(e.operand(0))) },

	"mul":  func(e *exec) { e.multiply(false) },
	"imul": imul,
	"div":  func(e *exec) { e.divide(false) },
	"idiv": func(e *exec) { e.divide(true) },

	"xadd":    xadd,
	"cmpxchg": cmpxchg,
}

// add adds to the first operand and records the flags of a set.
func (e *exec) add(set x86.FlagSet, y, carry Term) {
	x := e.operand(0)
	total := e.t.Add(e.t.Add(x, y), e.t.ZeroExtend(carry, int(x.width)))
	e.record(set, adding, x, y, carry, total)
	e.setOperand(0, total)
}

// subtract returns x - y - borrow and records the flags of a set.
func (e *exec) subtract(set x86.FlagSet, x, y, borrow Term) Term {
	total := e.t.Sub(e.t.Sub(x, y), e.t.ZeroExtend(borrow, int(x.width)))
	e.record(set, subtracting, x, y, borrow, total)
	return total
}

// logic records the flags of a bitwise operation.
func (e *exec) logic(total Term) Term {
	zero := number(total.width, 0)
	e.record(status&^x86.AF, logical, total, zero, bit(false), total)
	e.undefine(x86.AF)
	return total
}

// multiply multiplies al, ax, eax or rax by the operand.
func (e *exec) multiply(isSigned bool) {
	size := e.width(0)
	x, y := e.part(AX, size), e.operand(0)
	high, low := e.product(x, y, isSigned)
	e.setPair(size, high, low)
}

// product returns both halves of a product and sets the flags.
func (e *exec) product(x, y Term, isSigned bool) (high, low Term) {
	high, low = e.t.MulHigh(x, y, isSigned), e.t.Mul(x, y)
	fits := number(x.width, 0)
	if isSigned {
		fits = e.t.ShiftRightSigned(low, int(x.width)-1)
	}
	overflow := e.t.Not(e.t.Equal(high, fits))
	e.SetFlag(x86.CF, overflow)
	e.SetFlag(x86.OF, overflow)
	e.undefine(x86.SF | x86.ZF | x86.AF | x86.PF)
	return high, low
}

// setPair changes dx:ax, edx:eax or rdx:rax, or ah:al.
func (e *exec) setPair(size int, high, low Term) {
	if size == 1 {
		e.setPart(AX, 2, e.t.Concat(high, low))
		return
	}
	e.setPart(DX, size, high)
	e.setPart(AX, size, low)
}

func imul(e *exec) {
	switch len(e.in.Operands) {
	case 1:
		e.multiply(true)
	case 2:
		_, low := e.product(e.operand(0), e.operand(1), true)
		e.setOperand(0, low)
	default:
		_, low := e.product(e.operand(1), e.operand(2), true)
		e.setOperand(0, low)
	}
}

func (e *exec) divide(isSigned bool) {
	size := e.width(0)
	by := e.operand(0)
	low := e.part(AX, size)
	high := e.part(DX, size)
	if size == 1 {
		high = e.Register(ah)
	}
	refused := e.t.divisionFaults(high, low, by, isSigned)
	if refused.width == 0 {
		e.unclear("divides numbers of which too little is known")
		return
	}
	faults, ok := e.ask(refused)
	switch {
	case !ok:
		return
	case faults:
		e.fault(DivideError, "divides by 0 or overflows in a division")
		return
	}
	quotient, remainder := e.t.Divide(high, low, by, isSigned)
	e.setPair(size, remainder, quotient)
	e.undefine(status)
}

func xadd(e *exec) {
	x, y := e.operand(0), e.operand(1)
	total := e.t.Add(x, y)
	e.record(status, adding, x, y, bit(false), total)
	if e.in.Operands[0].Kind == x86.MemoryOperand {
		e.setOperand(0, total) // before its address may change
		e.setOperand(1, x)
		return
	}
	e.setOperand(1, x)
	e.setOperand(0, total)
}

func cmpxchg(e *exec) {
	size := e.width(0)
	x, accumulator := e.operand(0), e.part(AX, size)
	same, ok := e.ask(e.t.Equal(accumulator, x))
	if !ok {
		return
	}
	e.subtract(status, accumulator, x, bit(false))
	if same {
		e.setOperand(0, e.operand(1))
		return
	}
	switch o := &e.in.Operands[0]; {
	case o.Kind != x86.RegisterOperand || size != 4 || e.Bits != 64:
		e.setOperand(0, x) // memory is written in any case
	case !e.LeavesUnequal: // whether a register is, only Intel's manual says
		r := &e.Registers[x86.RegisterInfo(o.Register).Number]
		*r = e.t.Concat(e.t.Undefined(32), x)
	}
	e.setPart(AX, size, x)
}
