package machine

import "math/bits"

// Sums are kept as lists of nodes with coefficients, sorted by the nodes' ids,
// so that the same sum has the same form however it was computed. The number
// in it stands in the Term.

// plus adds a number to a term.
func (x Term) plus(n uint64) Term {
	x.value = (x.value + n) & mask(x.width)
	return x
}

// cons makes the sum coefficient*base + rest.
func (t *Terms) cons(base *node, coefficient uint64, rest *node) *node {
	t.work++
	switch {
	case coefficient == 0:
		return rest
	case coefficient == 1 && rest == nil:
		return base
	}
	w := base.width
	return t.intern(key{op: OpSum, width: w, coefficient: coefficient, a: Term{node: base, width: w}, b: Term{node: rest, width: w}}).node
}

// Parts calls f for the parts of a sum, without the number in it: each is a
// coefficient times an unknown part.
func (x Term) Parts(f func(coefficient uint64, part Term)) {
	for n := x.node; n != nil; {
		base, coefficient, rest := n.head()
		f(coefficient, Term{node: base, width: x.width})
		n = rest
	}
}

// head takes a sum apart.
func (n *node) head() (base *node, coefficient uint64, rest *node) {
	if n.op == OpSum {
		return n.a.node, n.coefficient, n.b.node
	}
	return n, 1, nil
}

func (t *Terms) merge(x, y *node) *node {
	if x == nil {
		return y
	}
	if y == nil {
		return x
	}
	bx, cx, rx := x.head()
	by, cy, ry := y.head()
	switch {
	case bx == by:
		return t.cons(bx, (cx+cy)&mask(bx.width), t.merge(rx, ry))
	case bx.id < by.id:
		return t.cons(bx, cx, t.merge(rx, y))
	}
	return t.cons(by, cy, t.merge(x, ry))
}

func (t *Terms) scaleNode(n *node, by uint64) *node {
	if n == nil {
		return nil
	}
	base, coefficient, rest := n.head()
	return t.cons(base, coefficient*by&mask(base.width), t.scaleNode(rest, by))
}

// Add returns x + y.
func (t *Terms) Add(x, y Term) Term {
	if y.node == nil {
		return x.plus(y.value)
	}
	if x.node == nil {
		return y.plus(x.value)
	}
	return Term{node: t.merge(x.node, y.node), value: (x.value + y.value) & mask(x.width), width: x.width}
}

// scale returns x times a number.
func (t *Terms) scale(x Term, by uint64) Term {
	x.value = x.value * by & mask(x.width)
	if x.node != nil && by != 1 {
		x.node = t.scaleNode(x.node, by&mask(x.width))
	}
	return x
}

// Neg returns -x.
func (t *Terms) Neg(x Term) Term { return t.scale(x, ^uint64(0)) }

// Not returns x with all bits inverted.
func (t *Terms) Not(x Term) Term { return t.Neg(x).plus(^uint64(0)) }

// Sub returns x - y.
func (t *Terms) Sub(x, y Term) Term {
	if y.node == nil {
		return x.plus(-y.value)
	}
	if x.node == y.node {
		return number(x.width, x.value-y.value)
	}
	return t.Add(x, t.Neg(y))
}

// Mul returns the low half of x * y.
func (t *Terms) Mul(x, y Term) Term {
	switch {
	case y.node == nil:
		return t.scale(x, y.value)
	case x.node == nil:
		return t.scale(y, x.value)
	}
	x, y = ordered(x, y)
	return t.intern(key{op: OpMul, width: x.width, a: x, b: y})
}

// ordered puts the operands of a commutative operation in order: numbers last.
func ordered(x, y Term) (Term, Term) {
	switch {
	case x.node == nil:
		return y, x
	case y.node == nil:
		return x, y
	case x.node.id > y.node.id || x.node == y.node && x.value > y.value:
		return y, x
	}
	return x, y
}

// MulHigh returns the high half of the product of two unsigned or signed
// numbers.
func (t *Terms) MulHigh(x, y Term, isSigned bool) Term {
	w := x.width
	x, y = ordered(x, y)
	operation := OpMulHigh
	if isSigned {
		operation = OpMulHighSigned
	}
	switch {
	case x.node != nil:
		if y.node == nil && y.value == 0 {
			return number(w, 0)
		}
		if !isSigned {
			if hi, lo := bits.Mul64(x.most(), y.most()); hi == 0 && lo <= mask(w) {
				return number(w, 0)
			}
		}
		return t.intern(key{op: operation, width: w, a: x, b: y})
	case isSigned:
		sx, sy := signed(x.value, w), signed(y.value, w)
		if w <= 32 {
			return number(w, uint64(sx*sy>>w))
		}
		hi, _ := bits.Mul64(uint64(sx), uint64(sy))
		if sx < 0 {
			hi -= uint64(sy)
		}
		if sy < 0 {
			hi -= uint64(sx)
		}
		return number(w, hi)
	}
	if w <= 32 {
		return number(w, x.value*y.value>>w)
	}
	hi, _ := bits.Mul64(x.value, y.value)
	return number(w, hi)
}

// divisionFaults returns whether the processor refuses to divide hi:lo by a
// number: because that is 0, or because the quotient does not fit. The term has no
// width where too little is known of the numbers.
func (t *Terms) divisionFaults(hi, lo, by Term, isSigned bool) Term {
	w := lo.width
	zero := t.IsZero(by)
	if !isSigned {
		return t.Or(zero, t.Not(t.Below(hi, by))) // hi >= by, which covers by = 0
	}
	// A sign-extended dividend overflows only for the most negative number
	// divided by -1.
	if hi == t.ShiftRightSigned(lo, int(w)-1) {
		least := t.Equal(lo, number(w, 1<<(w-1)))
		return t.Or(zero, t.And(least, t.Equal(by, number(w, mask(w)))))
	}
	if positive := by.node == nil && by.value-1 < 1<<(w-1)-1; hi == number(w, 0) && positive {
		if by.value > 1 {
			return bit(false) // half of what lo can be is no more than fits
		}
		return t.Sign(lo)
	}
	if hi.node != nil || lo.node != nil || by.node != nil {
		return Term{}
	}
	if by.value == 0 {
		return bit(true)
	}
	h, l, d, negative, negativeBy := magnitudes(hi, lo, by)
	if h >= d {
		return bit(true)
	}
	limit := uint64(1)<<(w-1) - 1
	if negative != negativeBy {
		limit++
	}
	q, _ := divide(h, l, d, w)
	return bit(q > limit)
}

// magnitudes returns the absolute values of a dividend and a divisor, and
// whether they are negative.
func magnitudes(hi, lo, by Term) (h, l, d uint64, negative, negativeBy bool) {
	w := lo.width
	h, l, d = hi.value, lo.value, by.value
	if negative = h>>(w-1) != 0; negative {
		l = -l & mask(w)
		h = ^h & mask(w)
		if l == 0 {
			h = (h + 1) & mask(w)
		}
	}
	if negativeBy = d>>(w-1) != 0; negativeBy {
		d = -d & mask(w)
	}
	return h, l, d, negative, negativeBy
}

// divide divides h:l, two numbers of w bits, by d, which is above h.
func divide(h, l, d uint64, w uint8) (quotient, remainder uint64) {
	if w == 64 {
		return bits.Div64(h, l, d)
	}
	n := h<<w | l
	return n / d, n % d
}

// Divide divides the number hi:lo, which is twice as wide as by. The caller has
// made sure that the processor does it.
func (t *Terms) Divide(hi, lo, by Term, isSigned bool) (quotient, remainder Term) {
	w := lo.width
	if hi == number(w, 0) && (lo.maybe()|by.maybe())>>(w-1) == 0 {
		isSigned = false
	}
	if hi.node != nil || lo.node != nil || by.node != nil {
		k := key{op: OpQuotient, width: w, a: hi, b: lo, c: by}
		if isSigned {
			k.op = OpQuotientSigned
		}
		quotient = t.intern(k)
		k.op = OpRemainder
		if isSigned {
			k.op = OpRemainderSigned
		}
		return quotient, t.intern(k)
	}
	if !isSigned {
		q, r := divide(hi.value, lo.value, by.value, w)
		return number(w, q), number(w, r)
	}
	h, l, d, negative, negativeBy := magnitudes(hi, lo, by)
	q, r := divide(h, l, d, w)
	if negative != negativeBy {
		q = -q
	}
	if negative {
		r = -r
	}
	return number(w, q), number(w, r)
}
