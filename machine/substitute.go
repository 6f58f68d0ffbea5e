package machine

// Substitute returns x with its unknown parts replaced: of returns what an
// unknown part (a Term to which no number is added) is to become, and false
// where it stays. The memo is filled; it may be used again for the same of.
func (t *Terms) Substitute(x Term, of func(Term) (Term, bool), memo map[Term]Term) Term {
	if x.node == nil {
		return x
	}
	base := Term{node: x.node, width: x.width}
	if y, ok := memo[base]; ok {
		return y.plus(x.value)
	}
	t.work++
	y, ok := of(base)
	if !ok {
		y = t.rebuild(x.node, func(a Term) Term { return t.Substitute(a, of, memo) })
	}
	memo[base] = y
	return y.plus(x.value)
}

// rebuild makes the term of a node from changed operands.
func (t *Terms) rebuild(n *node, change func(Term) Term) Term {
	if n.op == OpUnknown {
		return Term{node: n, width: n.width}
	}
	a, b, c := n.a, n.b, n.c
	var x, y, z Term
	if a.width > 0 {
		x = change(a)
	}
	if b.width > 0 {
		y = change(b)
	}
	if c.width > 0 {
		z = change(c)
	}
	if x == a && y == b && z == c {
		return Term{node: n, width: n.width}
	}
	return t.apply(n, x, y, z)
}

// apply makes the term of a node with other operands: what its operation does.
func (t *Terms) apply(n *node, x, y, z Term) Term {
	w := int(n.width)
	switch n.op {
	case OpSum:
		return t.Add(t.scale(x, n.coefficient), y)
	case OpMul:
		return t.Mul(x, y)
	case OpMulHigh, OpMulHighSigned:
		return t.MulHigh(x, y, n.op == OpMulHighSigned)
	case OpQuotient, OpQuotientSigned, OpRemainder, OpRemainderSigned:
		isSigned := n.op == OpQuotientSigned || n.op == OpRemainderSigned
		if t.divisionFaults(x, y, z, isSigned) != bit(false) {
			// Only under conditions that the path excludes.
			return t.intern(key{op: n.op, width: n.width, a: x, b: y, c: z})
		}
		q, r := t.Divide(x, y, z, isSigned)
		if n.op == OpQuotient || n.op == OpQuotientSigned {
			return q
		}
		return r
	case OpAnd:
		return t.And(x, y)
	case OpOr:
		return t.Or(x, y)
	case OpXor:
		return t.Xor(x, y)
	case OpExtract:
		return t.Extract(x, int(n.low), w)
	case OpConcat:
		return t.Concat(x, y)
	case OpSignExtend:
		return t.SignExtend(x, w)
	case OpIf:
		return t.If(x, y, z)
	case OpEqual:
		return t.Equal(x, y)
	case OpBelow:
		return t.Below(x, y)
	case OpLess:
		return t.Less(x, y)
	case OpCountOnes:
		return t.CountOnes(x)
	case OpLowest:
		return t.LowestSet(x)
	}
	return t.HighestSet(x)
}

// Unknowns calls each for every unknown that x depends on.
func (t *Terms) Unknowns(x Term, each func(Unknown)) {
	t.visits++
	for _, n := range t.visit(x.node, nil) {
		each(*n.unknown)
	}
}

// visit adds the unknowns to a list that a node depends on and that were not visited.
func (t *Terms) visit(n *node, list []*node) []*node {
	if n == nil || n.visited == t.visits {
		return list
	}
	n.visited = t.visits
	t.work++
	if n.op == OpUnknown {
		return append(list, n)
	}
	return t.visit(n.c.node, t.visit(n.b.node, t.visit(n.a.node, list)))
}
