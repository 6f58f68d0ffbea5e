package machine

import "tasm/codegen/x86"

// shifts are the shifts and rotations. A count that is not known is Unclear:
// whether the flags change at all depends on it.
var shifts = map[string]func(*exec){
	"shl": func(e *exec) { e.shift(shiftLeft) }, "sal": func(e *exec) { e.shift(shiftLeft) },
	"shr": func(e *exec) { e.shift(shiftRight) },
	"sar": func(e *exec) { e.shift(shiftRightSigned) },
	"rol": func(e *exec) { e.rotate(rotateLeft) }, "ror": func(e *exec) { e.rotate(rotateRight) },
	"rcl": func(e *exec) { e.rotate(rotateLeftCarry) }, "rcr": func(e *exec) { e.rotate(rotateRightCarry) },
	"shld": func(e *exec) { e.double(shiftLeft) }, "shrd": func(e *exec) { e.double(shiftRight) },
}

// shifted is what becomes of an operand: its value, the last bit shifted out,
// and the overflow flag for a count of 1. An invalid term is undefined.
type shifted struct{ value, carry, overflow Term }

// bits returns count bits of x from low on; of none it makes a Term of width 0.
func (t *Terms) bits(x Term, low, count int) Term {
	if count == 0 {
		return Term{}
	}
	return t.Extract(x, low, count)
}

// joined puts terms together, the highest first, without those of width 0.
func (t *Terms) joined(parts ...Term) Term {
	x := parts[0]
	for _, p := range parts[1:] {
		switch {
		case x.width == 0:
			x = p
		case p.width > 0:
			x = t.Concat(x, p)
		}
	}
	return x
}

func shiftLeft(t *Terms, x Term, n int) shifted {
	w := int(x.width)
	r := shifted{value: number(x.width, 0)}
	if n < w {
		r.value = t.ShiftLeft(x, n)
		r.carry = t.Extract(x, w-n, 1)
		r.overflow = t.Xor(t.Sign(r.value), r.carry)
	}
	return r
}

func shiftRight(t *Terms, x Term, n int) shifted {
	r := shifted{value: number(x.width, 0)}
	if n < int(x.width) {
		r = shifted{t.ShiftRight(x, n), t.Extract(x, n-1, 1), t.Sign(x)}
	}
	return r
}

func shiftRightSigned(t *Terms, x Term, n int) shifted {
	w := int(x.width)
	return shifted{t.ShiftRightSigned(x, min(n, w-1)), t.Extract(x, min(n-1, w-1), 1), bit(false)}
}

// count returns how far the operand i says to shift, and false where that is
// not known.
func (e *exec) count(i int) (int, bool) {
	limit := uint64(31)
	if e.width(0) == 8 {
		limit = 63
	}
	if e.in.Operands[i].Kind == x86.ImmediateOperand {
		return int(e.immediate(i) & limit), true
	}
	n := e.t.And(e.operand(i), Number(8, limit))
	if n.node != nil {
		e.unclear("shifts by a number that is not known")
	}
	return int(n.value), n.node == nil
}

func (e *exec) shift(how func(*Terms, Term, int) shifted) {
	n, ok := e.count(1)
	if !ok {
		return
	}
	x := e.operand(0)
	if n == 0 {
		e.setOperand(0, x)
		return
	}
	e.setShifted(how(e.t, x, n), n)
}

// setShifted stores the result of a shift and sets all flags.
func (e *exec) setShifted(r shifted, n int) {
	zero := number(r.value.width, 0)
	e.record(x86.SF|x86.ZF|x86.PF, logical, r.value, zero, bit(false), r.value)
	e.undefine(x86.AF | x86.OF)
	e.SetFlag(x86.CF, r.carry)
	if n == 1 {
		e.SetFlag(x86.OF, r.overflow)
	}
	e.setOperand(0, r.value)
}

func (e *exec) double(how func(*Terms, Term, int) shifted) {
	n, ok := e.count(2)
	if !ok {
		return
	}
	t, x, y := e.t, e.operand(0), e.operand(1)
	w := int(x.width)
	switch {
	case n == 0:
		e.setOperand(0, x)
		return
	case n > w:
		e.setShifted(shifted{value: t.Undefined(w)}, n)
		e.undefine(status)
		return
	}
	r := shifted{value: y}
	if n < w {
		r = how(t, x, n)
		if e.name == "shld" {
			r.value = t.joined(t.Extract(x, 0, w-n), t.Extract(y, w-n, n))
		} else {
			r.value = t.joined(t.Extract(y, 0, n), t.Extract(x, n, w-n))
		}
		r.overflow = t.Xor(t.Sign(x), t.Sign(r.value))
	} else if e.name == "shld" {
		r.carry = t.Extract(x, 0, 1)
	} else {
		r.carry = t.Sign(x)
	}
	e.setShifted(r, n)
}

func rotateLeft(t *Terms, x, _ Term, n int) shifted {
	w := int(x.width)
	n %= w
	r := t.joined(t.Extract(x, 0, w-n), t.bits(x, w-n, n))
	carry := t.Extract(r, 0, 1)
	return shifted{r, carry, t.Xor(t.Sign(r), carry)}
}

func rotateRight(t *Terms, x, _ Term, n int) shifted {
	w := int(x.width)
	n %= w
	r := t.joined(t.bits(x, 0, n), t.Extract(x, n, w-n))
	return shifted{r, t.Sign(r), t.Xor(t.Sign(r), t.Extract(r, w-2, 1))}
}

func rotateLeftCarry(t *Terms, x, carry Term, n int) shifted {
	w := int(x.width)
	if n %= w + 1; n == 0 {
		return shifted{x, carry, Term{}}
	}
	r := t.joined(t.bits(x, 0, w-n), carry, t.bits(x, w-n+1, n-1))
	out := t.Extract(x, w-n, 1)
	return shifted{r, out, t.Xor(t.Sign(r), out)}
}

func rotateRightCarry(t *Terms, x, carry Term, n int) shifted {
	w := int(x.width)
	if n %= w + 1; n == 0 {
		return shifted{x, carry, Term{}}
	}
	r := t.joined(t.bits(x, 0, n-1), carry, t.bits(x, n, w-n))
	return shifted{r, t.Extract(x, n-1, 1), t.Xor(t.Sign(x), carry)}
}

func (e *exec) rotate(how func(t *Terms, x, carry Term, n int) shifted) {
	n, ok := e.count(1)
	if !ok {
		return
	}
	x := e.operand(0)
	if n == 0 {
		e.setOperand(0, x)
		return
	}
	r := how(e.t, x, e.Flag(x86.CF), n)
	e.SetFlag(x86.CF, r.carry)
	e.undefine(x86.OF)
	if n == 1 {
		e.SetFlag(x86.OF, r.overflow)
	}
	e.setOperand(0, r.value)
}
