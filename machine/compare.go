package machine

// Equal returns whether x = y, as a term of one bit. All ways to ask become
// the same: a node without number is compared with a number.
func (t *Terms) Equal(x, y Term) Term {
	w := x.width
	if w == 1 {
		return t.Add(x, y).plus(1)
	}
	d := t.Sub(x, y)
	if d.node == nil {
		return bit(d.value == 0)
	}
	// -d is 0 when d is: of the two, the one with a small first coefficient.
	if _, coefficient, _ := d.node.head(); coefficient > mask(w)>>1 {
		d = t.Neg(d)
	}
	n, k := d.node, -d.value&mask(w)
	if k&^n.maybe != 0 || k > n.most {
		return bit(false)
	}
	switch n.op {
	case OpOr:
		if n.b.node == nil && n.b.value&^k != 0 {
			return bit(false)
		}
	case OpConcat:
		if n.a.node == nil {
			if k>>n.b.width != n.a.value {
				return bit(false)
			}
			return t.Equal(n.b, number(n.b.width, k))
		}
		if n.b.node == nil {
			if k&mask(n.b.width) != n.b.value {
				return bit(false)
			}
			return t.Equal(n.a, number(n.a.width, k>>n.b.width))
		}
	case OpSignExtend:
		low := number(n.a.width, k)
		if signed(low.value, low.width) != signed(k, w) {
			return bit(false)
		}
		return t.Equal(n.a, low)
	case OpIf:
		if n.b.node == nil && n.c.node == nil {
			return t.If(n.a, bit(n.b.value == k), bit(n.c.value == k))
		}
	case OpSum:
		// An odd factor has an inverse, a single bit is a shift: only these
		// arise from shifts and negation.
		if n.b.node == nil && n.coefficient == mask(w) {
			return t.Equal(n.a, number(w, -k))
		}
	}
	return t.intern(key{op: OpEqual, width: 1, a: Term{node: n, width: w}, b: number(w, k)})
}

// Below returns whether x < y as unsigned numbers.
func (t *Terms) Below(x, y Term) Term {
	w := x.width
	switch {
	case x.node == nil && y.node == nil:
		return bit(x.value < y.value)
	case x == y, y == number(w, 0), x == number(w, mask(w)):
		return bit(false)
	case y == number(w, 1):
		return t.Equal(x, number(w, 0))
	case x == number(w, 0):
		return t.Not(t.Equal(y, x))
	case y == number(w, mask(w)):
		return t.Not(t.Equal(x, y))
	case w == 1:
		return t.And(t.Not(x), y)
	case y.node == nil && x.most() < y.value:
		return bit(true)
	case x.node == nil && y.most() <= x.value:
		return bit(false)
	}
	if a, ok := x.zeroExtended(); ok && y.node == nil {
		return t.Below(a, number(a.width, y.value)) // y is in range, as most told
	}
	if b, ok := y.zeroExtended(); ok && x.node == nil {
		return t.Below(number(b.width, x.value), b)
	}
	return t.intern(key{op: OpBelow, width: 1, a: x, b: y})
}

// zeroExtended returns what x is a zero-extension of.
func (x Term) zeroExtended() (Term, bool) {
	if n := x.node; n != nil && x.value == 0 && n.op == OpConcat && n.a == number(n.a.width, 0) {
		return n.b, true
	}
	return Term{}, false
}

// Less returns whether x < y as signed numbers.
func (t *Terms) Less(x, y Term) Term {
	w := x.width
	switch {
	case x.node == nil && y.node == nil:
		return bit(signed(x.value, w) < signed(y.value, w))
	case x == y, y == number(w, 1<<(w-1)), x == number(w, mask(w)>>1):
		return bit(false)
	case y == number(w, 0):
		return t.Sign(x)
	case x == number(w, mask(w)):
		return t.Not(t.Sign(y))
	case (x.maybe()|y.maybe())>>(w-1) == 0:
		return t.Below(x, y)
	}
	return t.intern(key{op: OpLess, width: 1, a: x, b: y})
}

// Sign returns the highest bit of x.
func (t *Terms) Sign(x Term) Term { return t.Extract(x, int(x.width)-1, 1) }

// IsZero returns whether x = 0.
func (t *Terms) IsZero(x Term) Term { return t.Equal(x, number(x.width, 0)) }

// Selector returns the condition that selects one of two values, of which the term is
// one, and false where it is nothing of the kind.
func (x Term) Selector() (condition Term, ok bool) {
	if x.node == nil || x.node.op != OpIf {
		return Term{}, false
	}
	return x.node.a, true
}

// Alternatives calls f for each value of which conditions select the term: for the term
// itself where none do.
func (x Term) Alternatives(f func(Term)) {
	for x.node != nil && x.node.op == OpIf && x.value == 0 {
		x.node.b.Alternatives(f)
		x = x.node.c
	}
	f(x)
}

// Core returns what determines the term: a part of it, without numbers that are added
// and without zeros in front, and the value of that part where the term has one.
func (x Term) Core(value uint64) (part Term, of uint64) {
	for x.node != nil {
		n := x.node
		switch {
		case x.value != 0:
			x.value, value = 0, (value-x.value)&mask(x.width)
		case n.op == OpConcat && n.a == number(n.a.width, 0):
			x = n.b
		case n.op == OpSum && n.coefficient == 1 && n.b.node == nil:
			x = n.a
		default:
			return x, value
		}
	}
	return x, value
}
