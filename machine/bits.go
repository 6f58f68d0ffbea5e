package machine

import "math/bits"

// And returns the bits set in both.
func (t *Terms) And(x, y Term) Term {
	w := x.width
	x, y = ordered(x, y)
	switch {
	case x.node == nil:
		return number(w, x.value&y.value)
	case x == y:
		return x
	case y.node == nil:
		return t.masked(x, y.value)
	case x.maybe()&y.maybe() == 0:
		return number(w, 0)
	}
	return t.intern(key{op: OpAnd, width: w, a: x, b: y})
}

// masked returns x and a number. A run of ones becomes an extraction, so that
// a zero-extension is the same however it is written.
func (t *Terms) masked(x Term, m uint64) Term {
	w, some := x.width, x.maybe()
	m &= some
	switch {
	case m == 0:
		return number(w, 0)
	case m == some:
		return x
	}
	if n := x.node; x.value == 0 {
		switch n.op {
		case OpConcat:
			return t.Concat(t.And(n.a, number(n.a.width, m>>n.b.width)), t.And(n.b, number(n.b.width, m)))
		case OpAnd:
			if n.b.node == nil {
				return t.masked(n.a, n.b.value&m)
			}
		}
	}
	low := uint8(bits.TrailingZeros64(m))
	high := uint8(bits.Len64(m))
	if m>>low == mask(high-low) {
		middle := t.Extract(x, int(low), int(high-low))
		if low > 0 {
			middle = t.Concat(middle, number(low, 0))
		}
		return t.ZeroExtend(middle, int(w))
	}
	return t.intern(key{op: OpAnd, width: w, a: x, b: number(w, m)})
}

// Or returns the bits set in either.
func (t *Terms) Or(x, y Term) Term {
	w := x.width
	x, y = ordered(x, y)
	switch {
	case x.node == nil:
		return number(w, x.value|y.value)
	case x == y:
		return x
	case y.node == nil && y.value == 0:
		return x
	case y.node == nil && y.value == mask(w):
		return y
	case y.node == nil && x.value == 0 && x.node.op == OpConcat:
		n := x.node
		return t.Concat(t.Or(n.a, number(n.a.width, y.value>>n.b.width)), t.Or(n.b, number(n.b.width, y.value)))
	case w > 1 && x.maybe()&y.maybe() == 0:
		return t.Add(x, y)
	}
	return t.intern(key{op: OpOr, width: w, a: x, b: y})
}

// Xor returns the bits that differ.
func (t *Terms) Xor(x, y Term) Term {
	w := x.width
	x, y = ordered(x, y)
	switch {
	case w == 1:
		return t.Add(x, y)
	case x.node == nil:
		return number(w, x.value^y.value)
	case x == y:
		return number(w, 0)
	case y.node == nil && y.value == 0:
		return x
	case y.node == nil && y.value == mask(w):
		return t.Not(x)
	case y.node == nil && x.value == 0 && x.node.op == OpConcat:
		n := x.node
		return t.Concat(t.Xor(n.a, number(n.a.width, y.value>>n.b.width)), t.Xor(n.b, number(n.b.width, y.value)))
	case y.node == nil && x.value == 0 && x.node.op == OpXor && x.node.b.node == nil:
		return t.Xor(x.node.a, number(w, x.node.b.value^y.value))
	}
	return t.intern(key{op: OpXor, width: w, a: x, b: y})
}

// ShiftLeft returns x shifted left by a number of bits below its width.
func (t *Terms) ShiftLeft(x Term, by int) Term { return t.scale(x, 1<<by) }

// ShiftRight returns x shifted right by a number of bits below its width,
// filled with zeros.
func (t *Terms) ShiftRight(x Term, by int) Term {
	return t.ZeroExtend(t.Extract(x, by, int(x.width)-by), int(x.width))
}

// ShiftRightSigned is like ShiftRight, filled with the sign.
func (t *Terms) ShiftRightSigned(x Term, by int) Term {
	return t.SignExtend(t.Extract(x, by, int(x.width)-by), int(x.width))
}

// Extract returns width bits of x from bit low on.
func (t *Terms) Extract(x Term, low, width int) Term {
	lo, w := uint8(low), uint8(width)
	if w == x.width {
		return x
	}
	n := x.node
	if n == nil {
		return number(w, x.value>>lo)
	}
	if x.maybe()>>lo&mask(w) == 0 {
		return number(w, 0)
	}
	if x.value != 0 {
		if lo == 0 {
			return t.Extract(Term{node: n, width: x.width}, 0, width).plus(x.value)
		}
		if n.maybe&mask(lo) == 0 {
			return t.Extract(Term{node: n, width: x.width}, low, width).plus(x.value >> lo)
		}
		return t.intern(key{op: OpExtract, width: w, low: lo, a: x})
	}
	if n.op == OpExtract {
		return t.Extract(n.a, int(n.low+lo), width)
	}
	// Parts that are shared are gone through once: there may be as many ways to them as
	// two to the number of operations.
	k := key{op: OpExtract, width: w, low: lo, a: x}
	if known, ok := t.extracts[k]; ok {
		return known
	}
	part := t.extract(n, lo, w)
	if part.width == 0 {
		part = t.intern(k)
	}
	t.extracts[k] = part
	return part
}

// extract returns w bits of what a node makes, from bit lo on, as something of its
// operands; the zero Term where it is nothing of them.
func (t *Terms) extract(n *node, lo, w uint8) Term {
	low, width := int(lo), int(w)
	switch n.op {
	case OpConcat:
		below := n.b.width
		switch {
		case lo >= below:
			return t.Extract(n.a, int(lo-below), width)
		case lo+w <= below:
			return t.Extract(n.b, low, width)
		}
		part := below - lo
		return t.Concat(t.Extract(n.a, 0, int(w-part)), t.Extract(n.b, low, int(part)))
	case OpSignExtend:
		inner := n.a.width
		switch {
		case lo+w <= inner:
			return t.Extract(n.a, low, width)
		case lo < inner:
			return t.SignExtend(t.Extract(n.a, low, int(inner-lo)), width)
		}
		return t.SignExtend(t.Extract(n.a, int(inner)-1, 1), width)
	case OpSum:
		if lo == 0 {
			first := t.scale(t.Extract(n.a, 0, width), n.coefficient)
			if n.b.node == nil {
				return first
			}
			return t.Add(first, t.Extract(n.b, 0, width))
		}
		if shift := uint8(bits.TrailingZeros64(n.coefficient)); n.b.node == nil && n.coefficient == 1<<shift && lo >= shift {
			return t.Extract(n.a, int(lo-shift), width)
		}
	case OpMul:
		if lo == 0 {
			return t.Mul(t.Extract(n.a, 0, width), t.Extract(n.b, 0, width))
		}
	case OpAnd:
		return t.And(t.Extract(n.a, low, width), t.Extract(n.b, low, width))
	case OpOr:
		return t.Or(t.Extract(n.a, low, width), t.Extract(n.b, low, width))
	case OpXor:
		return t.Xor(t.Extract(n.a, low, width), t.Extract(n.b, low, width))
	case OpIf:
		return t.If(n.a, t.Extract(n.b, low, width), t.Extract(n.c, low, width))
	}
	return Term{}
}

// Concat returns the bits of high above those of low.
func (t *Terms) Concat(high, low Term) Term {
	w := high.width + low.width
	if n := high.node; n != nil && n.op == OpExtract && n.low == low.width && low.node == nil && n.a.maybe()&mask(n.low) == 0 {
		return t.Extract(n.a, 0, int(w)).plus(high.value<<n.low | low.value)
	}
	if n := high.node; n != nil && high.value == 0 {
		switch n.op {
		case OpConcat:
			return t.Concat(n.a, t.Concat(n.b, low))
		case OpExtract:
			if x, ok := t.join(n, low); ok {
				return x
			}
			if l := low.node; l != nil && low.value == 0 && l.op == OpConcat {
				if x, ok := t.join(n, l.a); ok {
					return t.Concat(x, l.b)
				}
			}
		}
	}
	if high.node == nil {
		if low.node == nil {
			return number(w, high.value<<low.width|low.value)
		}
		if l := low.node; low.value == 0 && l.op == OpConcat && l.a.node == nil {
			return t.Concat(number(high.width+l.a.width, high.value<<l.a.width|l.a.value), l.b)
		}
	}
	return t.intern(key{op: OpConcat, width: w, a: high, b: low})
}

// join returns the bits of an extraction together with those below it, if low
// is them.
func (t *Terms) join(high *node, low Term) (Term, bool) {
	if high.low < low.width {
		return Term{}, false
	}
	start := int(high.low - low.width)
	if t.Extract(high.a, start, int(low.width)) != low {
		return Term{}, false
	}
	return t.Extract(high.a, start, int(high.width+low.width)), true
}

// ZeroExtend returns x with zeros above it.
func (t *Terms) ZeroExtend(x Term, width int) Term {
	if int(x.width) == width {
		return x
	}
	return t.Concat(number(uint8(width)-x.width, 0), x)
}

// SignExtend returns x with copies of its sign above it.
func (t *Terms) SignExtend(x Term, width int) Term {
	w := uint8(width)
	switch {
	case x.width == w:
		return x
	case x.node == nil:
		return number(w, uint64(signed(x.value, x.width)))
	case x.maybe()>>(x.width-1) == 0:
		return t.ZeroExtend(x, width)
	case x.value == 0 && x.node.op == OpSignExtend:
		return t.SignExtend(x.node.a, width)
	}
	return t.intern(key{op: OpSignExtend, width: w, a: x})
}

// If returns x if the condition, a term of one bit, is 1, else y.
func (t *Terms) If(condition, x, y Term) Term {
	c := condition
	switch {
	case c.node == nil && c.value != 0, x == y:
		return x
	case c.node == nil:
		return y
	case c.value != 0:
		return t.If(Term{node: c.node, width: 1}, y, x)
	case x == number(x.width, 1) && y == number(x.width, 0):
		return t.ZeroExtend(c, int(x.width))
	case x.width == 1 && x == number(1, 0) && y == number(1, 1):
		return t.Not(c)
	}
	return t.intern(key{op: OpIf, width: x.width, a: c, b: x, c: y})
}

// CountOnes returns the number of set bits.
func (t *Terms) CountOnes(x Term) Term {
	return t.unary(OpCountOnes, x, func(v uint64) int { return bits.OnesCount64(v) })
}

// LowestSet returns the number of the lowest set bit of x, which is not 0.
func (t *Terms) LowestSet(x Term) Term {
	return t.unary(OpLowest, x, bits.TrailingZeros64)
}

// HighestSet returns the number of the highest set bit of x, which is not 0.
func (t *Terms) HighestSet(x Term) Term {
	return t.unary(OpHighest, x, func(v uint64) int { return bits.Len64(v) - 1 })
}

func (t *Terms) unary(operation Op, x Term, f func(uint64) int) Term {
	if x.node == nil {
		return number(x.width, uint64(f(x.value)))
	}
	return t.intern(key{op: operation, width: x.width, a: x})
}
