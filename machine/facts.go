package machine

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
)

// Facts is what has been found out about unknowns on a path of a program: for
// each unknown part of a term that was compared with numbers the values that
// it may still have, and which other conditions hold.
type Facts struct {
	terms *Terms
	own   map[*node][]span // what has been added since the last Fork
	base  *known           // what was known before
	// equations are the sums with a coefficient of 1 first whose value is known.
	equations []equation
	// simplified is what Simplify has found since something became known last.
	simplified map[Term]Term
	// ceilings are the numbers that nodes of several parts do not exceed, found since then:
	// parts are shared, so that without these the ways down to them would be too many.
	ceilings map[*node]uint64
}

// equation says what value a sum has.
type equation struct {
	sum   *node
	value uint64
}

// known is a part of the facts that several Facts share: it does not change.
type known struct {
	domains map[*node][]span
	next    *known // what was known before
	depth   int    // how many layers there are from here on
}

// span is the numbers from low to high.
type span struct{ low, high uint64 }

// NewFacts returns Facts without any.
func NewFacts(t *Terms) *Facts { return &Facts{terms: t, own: map[*node][]span{}} }

// Fork returns a copy. Both share what is known so far.
func (f *Facts) Fork() *Facts {
	if len(f.own) > 0 {
		depth := 1
		if f.base != nil {
			depth += f.base.depth
		}
		if depth > maxLayers {
			f.base = &known{domains: f.all(), depth: 1}
		} else {
			f.base = &known{domains: f.own, next: f.base, depth: depth}
		}
		f.own = map[*node][]span{}
	}
	return &Facts{terms: f.terms, own: map[*node][]span{}, base: f.base, equations: slices.Clip(f.equations)}
}

// find returns what is known of a node. Of a sum and its negative only the one with
// a small first coefficient has an entry.
func (f *Facts) find(n *node) ([]span, bool) {
	if n.op != OpSum || n.coefficient <= mask(n.width)>>1 {
		return f.look(n)
	}
	d, ok := f.look(f.negative(n))
	return negated(d, n.width), ok
}

// negative returns the node of -n.
func (f *Facts) negative(n *node) *node { return f.terms.Neg(Term{node: n, width: n.width}).node }

// negated returns the negatives of a set of numbers, in order.
func negated(x []span, width uint8) []span {
	var list []span
	for _, s := range x {
		list = append(list, arc(-s.high, -s.low, width)...)
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	return list
}

func (f *Facts) look(n *node) ([]span, bool) {
	if d, ok := f.own[n]; ok {
		return d, true
	}
	for l := f.base; l != nil; l = l.next {
		if d, ok := l.domains[n]; ok {
			return d, true
		}
	}
	return nil, false
}

// all returns all that is known.
func (f *Facts) all() map[*node][]span {
	domains := maps.Clone(f.own)
	for l := f.base; l != nil; l = l.next {
		for n, d := range l.domains {
			if _, newer := domains[n]; !newer {
				domains[n] = d
			}
		}
	}
	return domains
}

// none reports whether nothing is known.
func (f *Facts) none() bool { return len(f.own) == 0 && f.base == nil }

// arc returns the numbers from low up to high, of a width, going on at 0 where
// high is below low.
func arc(low, high uint64, width uint8) []span {
	low, high = low&mask(width), high&mask(width)
	if low <= high {
		return []span{{low, high}}
	}
	return []span{{0, high}, {low, mask(width)}}
}

// intersect returns the numbers that are in both sets.
func intersect(x, y []span) []span {
	var list []span
	for _, a := range x {
		for _, b := range y {
			if low, high := max(a.low, b.low), min(a.high, b.high); low <= high {
				list = append(list, span{low, high})
			}
		}
	}
	return list
}

// complement returns the numbers of a width that are not in a set.
func complement(x []span, width uint8) []span {
	var list []span
	next := uint64(0)
	for _, a := range x {
		if a.low > next {
			list = append(list, span{next, a.low - 1})
		}
		if a.high == mask(width) {
			return list
		}
		next = a.high + 1
	}
	return append(list, span{next, mask(width)})
}

// meaning returns what a node of one bit says: that another node has one of
// some values. Of what is no comparison with a number it is that the node
// itself is 1.
func meaning(n *node) (about *node, values []span) {
	a, b := n.a, n.b
	switch {
	case n.op == OpEqual:
		return a.node, []span{{b.value, b.value}}
	case n.op == OpBelow && b.node == nil:
		return within(a, 0, b.value-1)
	case n.op == OpBelow && a.node == nil:
		return within(b, a.value+1, mask(b.width))
	case n.op == OpLess && b.node == nil:
		return within(a, 1<<(a.width-1), b.value-1)
	case n.op == OpLess && a.node == nil:
		return within(b, a.value+1, mask(b.width)>>1)
	case n.op == OpExtract && n.low == a.width-1:
		return within(a, 1<<(a.width-1), mask(a.width))
	}
	return n, []span{{1, 1}}
}

// within says that a term is from low to high.
func within(x Term, low, high uint64) (*node, []span) {
	return x.node, arc(low-x.value, high-x.value, x.width)
}

func (f *Facts) domain(n *node) []span {
	if d, ok := f.find(n); ok {
		return d
	}
	return []span{{0, mask(n.width)}}
}

// Decide says whether a condition holds, if the facts tell.
func (f *Facts) Decide(condition Term) (value, known bool) {
	if condition.node == nil {
		return condition.value != 0, true
	}
	if condition.value != 0 {
		value, known = f.Decide(Term{node: condition.node, width: 1})
		return !value, known
	}
	n := condition.node
	if f.none() {
		return false, false
	}
	about, values := meaning(n)
	d := f.domain(about)
	switch common := intersect(d, values); {
	case len(common) == 0:
		return false, true
	case len(intersect(d, complement(values, about.width))) == 0:
		return true, true
	}
	if n.op == OpAnd || n.op == OpOr {
		decisive := n.op == OpOr // either operand alone decides by this value
		x, knownX := f.Decide(n.a)
		y, knownY := f.Decide(n.b)
		switch {
		case knownX && x == decisive, knownY && y == decisive:
			return decisive, true
		case knownX && knownY:
			return !decisive, true
		}
	}
	if x := f.unshifted(condition); x != condition {
		return f.Decide(x)
	}
	return f.byValues(condition)
}

// unshifted returns a comparison of two unknowns without a number that is added to
// both, where neither sum leaves the width: so it is with pointers into one array,
// wherever that lies.
func (f *Facts) unshifted(condition Term) Term {
	n := condition.node
	if n == nil || n.op != OpBelow || n.a.node == nil || n.b.node == nil || n.a.value == 0 || n.b.value == 0 {
		return condition
	}
	shift := min(n.a.value, n.b.value)
	for _, x := range []Term{n.a, n.b} {
		if f.Max(Term{node: x.node, width: x.width}) > mask(x.width)-x.value {
			return condition
		}
	}
	return f.terms.Below(n.a.plus(-shift), n.b.plus(-shift)).plus(condition.value)
}

// byValues decides a condition by putting in the unknowns whose value is known.
func (f *Facts) byValues(condition Term) (value, known bool) {
	if x := f.Simplify(condition); x != condition {
		return f.Decide(x)
	}
	return false, false
}

// Assume adds the fact that a condition has a value. It reports false if that
// contradicts the facts.
func (f *Facts) Assume(condition Term, value bool) bool {
	if condition.node == nil {
		return value == (condition.value != 0)
	}
	if condition.value != 0 {
		condition.value, value = 0, !value
	}
	n := condition.node
	if n.op == OpAnd && value || n.op == OpOr && !value {
		if !f.Assume(n.a, value) || !f.Assume(n.b, value) {
			return false
		}
	}
	if x := f.unshifted(condition); x != condition && !f.Assume(x, value) {
		return false
	}
	about, values := meaning(n)
	if !value {
		values = complement(values, about.width)
	}
	return f.restrict(about, values) && f.order(n, value)
}

// order adds what follows from a comparison of two unknowns: the smaller one is not above
// what the larger one can be, nor that below what the smaller one can be.
func (f *Facts) order(n *node, value bool) bool {
	if n.op != OpBelow && n.op != OpLess || n.a.node == nil || n.b.node == nil {
		return true
	}
	small, large, apart := n.a, n.b, uint64(1)
	if !value {
		small, large, apart = large, small, 0
	}
	w, least := small.width, uint64(0)
	if n.op == OpLess {
		least = 1 << (w - 1)
	}
	most := (least - 1) & mask(w)
	// The ends count from the least number, signed or not.
	ends := func(x Term) (low, high uint64) {
		low = mask(w)
		for _, s := range f.Values(x) {
			if s[0] <= most && most < s[1] {
				return 0, mask(w)
			}
			low, high = min(low, (s[0]-least)&mask(w)), max(high, (s[1]-least)&mask(w))
		}
		return low, high
	}
	low, _ := ends(small)
	_, high := ends(large)
	if high < apart || low > mask(w)-apart {
		return false
	}
	return f.Limit(small, least, least+high-apart) && f.Limit(large, least+low+apart, most)
}

func (f *Facts) restrict(about *node, values []span) bool {
	if about.op == OpSum && about.coefficient > mask(about.width)>>1 {
		about, values = f.negative(about), negated(values, about.width)
	}
	d := intersect(f.domain(about), values)
	slices.SortFunc(d, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	f.own[about] = d
	f.simplified, f.ceilings = nil, nil
	if len(d) == 1 && d[0].low == d[0].high && about.op == OpSum && about.coefficient == 1 {
		f.equations = append(f.equations, equation{about, d[0].low})
	}
	switch {
	case len(d) == 0:
		return false
	case about.op == OpExtract && about.low == 0:
		return f.restrictWhole(about, d)
	}
	return f.restrictLow(about, d)
}

// restrictLow adds what follows of the low bits of a value from what it can be, where the
// others are zeros.
func (f *Facts) restrictLow(whole *node, values []span) bool {
	low, ok := Term{node: whole, width: whole.width}.zeroExtended()
	if !ok || low.node == nil {
		return true
	}
	var list []span
	for _, s := range intersect(values, []span{{0, mask(low.width)}}) {
		list = append(list, arc(s.low-low.value, s.high-low.value, low.width)...)
	}
	return f.restrict(low.node, list)
}

// restrictWhole adds what follows of a value from what its low bits can be: nothing for
// ranges of it in which the other bits change.
func (f *Facts) restrictWhole(low *node, values []span) bool {
	x := low.a
	if x.node == nil || x.value != 0 {
		return true
	}
	var list []span
	old := f.domain(x.node)
	for _, s := range old {
		if s.low>>low.width != s.high>>low.width {
			list = append(list, s)
			continue
		}
		others := s.low &^ mask(low.width)
		for _, v := range values {
			list = append(list, intersect([]span{s}, []span{{others | v.low, others | v.high}})...)
		}
	}
	return slices.Equal(list, old) || f.restrict(x.node, list)
}

// Limit adds the fact that a term is from low to high, or, where high is below
// low, either at least low or at most high. It reports false if that
// contradicts the facts.
func (f *Facts) Limit(x Term, low, high uint64) bool {
	if x.node == nil {
		return len(intersect([]span{{x.value, x.value}}, arc(low, high, x.width))) > 0
	}
	about, values := within(x, low, high)
	return f.restrict(about, values)
}

// Max returns the largest value that a term may have.
func (f *Facts) Max(x Term) uint64 {
	x = f.Simplify(x)
	if x.node == nil {
		return x.value
	}
	high := f.ceiling(Term{node: x.node, width: x.width})
	if high <= mask(x.width)-x.value {
		return min(high+x.value, x.most())
	}
	return x.most()
}

// Range returns one of the ranges of values that a term may have, as choose
// picks it from a number of them.
func (f *Facts) Range(x Term, choose func(n int) int) (low, high uint64) {
	if x.node == nil {
		return x.value, x.value
	}
	d := f.domain(x.node)
	s := d[choose(len(d))]
	return s.low + x.value, s.high + x.value
}

// Values returns the values that a term may have, as far as is known: in order, as
// pairs of the lowest and the highest of each range.
func (f *Facts) Values(x Term) [][2]uint64 {
	x = f.Simplify(x)
	if x.node == nil {
		return [][2]uint64{{x.value, x.value}}
	}
	list := f.shifted(x)
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	var values [][2]uint64
	for _, s := range list {
		values = append(values, [2]uint64{s.low, s.high})
	}
	return values
}

// shifted returns the values that a term may have, in no order.
func (f *Facts) shifted(x Term) []span {
	var list []span
	for _, d := range intersect(f.domain(x.node), []span{{0, f.ceiling(Term{node: x.node, width: x.width})}}) {
		list = append(list, arc(d.low+x.value, d.high+x.value, x.width)...)
	}
	return list
}

// ceiling returns a number that a term does not exceed.
func (f *Facts) ceiling(x Term) uint64 {
	limit := x.most()
	if x.node == nil {
		return limit
	}
	if x.value != 0 {
		high := uint64(0)
		for _, d := range f.shifted(x) {
			high = max(high, d.high)
		}
		return min(limit, high)
	}
	if x.node.op == OpUnknown {
		return f.ceilingOf(x.node)
	}
	high, ok := f.ceilings[x.node]
	if !ok {
		high = f.ceilingOf(x.node)
		if f.ceilings == nil {
			f.ceilings = map[*node]uint64{}
		}
		f.ceilings[x.node] = high
	}
	return high
}

// ceilingOf returns a number that a node does not exceed.
func (f *Facts) ceilingOf(n *node) uint64 {
	limit := Term{node: n, width: n.width}.most()
	if d := f.domain(n); len(d) > 0 {
		limit = min(limit, d[len(d)-1].high)
	}
	switch n.op {
	case OpConcat:
		if n.a == number(n.a.width, 0) {
			limit = min(limit, f.ceiling(n.b))
		}
	case OpQuotient:
		if n.a == number(n.a.width, 0) && n.c.node == nil && n.c.value > 0 {
			limit = min(limit, f.ceiling(n.b)/n.c.value)
		}
	case OpRemainder:
		if n.c.node == nil && n.c.value > 0 {
			limit = min(limit, n.c.value-1)
		}
	case OpExtract:
		if c := f.ceiling(n.a) >> n.low; c <= mask(n.width) {
			limit = min(limit, c)
		}
	case OpSum:
		// Without a carry out of the width, the sum of what its parts are at most.
		total, width := uint64(0), mask(n.width)
		for m := n; m != nil; {
			base, coefficient, rest := m.head()
			hi, lo := bits.Mul64(coefficient, f.ceiling(Term{node: base, width: base.width}))
			sum, carry := bits.Add64(total, lo, 0)
			if hi != 0 || carry != 0 || sum > width {
				return limit
			}
			total, m = sum, rest
		}
		limit = min(limit, total)
	}
	return limit
}

// Restrict adds the fact that a term has one of some values, given as Values gives
// them. It reports false if that contradicts the facts.
func (f *Facts) Restrict(x Term, values [][2]uint64) bool {
	var list []span
	if x.node == nil {
		for _, v := range values {
			if x.value >= v[0] && x.value <= v[1] {
				return true
			}
		}
		return false
	}
	for _, v := range values {
		list = append(list, arc(v[0]-x.value, v[1]-x.value, x.width)...)
	}
	return f.restrict(x.node, list)
}

// Simplify puts values into a term for the unknown parts that can have only
// one.
func (f *Facts) Simplify(x Term) Term {
	if x.node == nil || f.none() {
		return x
	}
	if f.simplified == nil {
		f.simplified = map[Term]Term{}
	}
	return f.terms.Substitute(x, func(part Term) (Term, bool) {
		if d, ok := f.find(part.node); ok && len(d) == 1 && d[0].low == d[0].high {
			return number(part.width, d[0].low), true
		}
		if part.node.op == OpSum {
			return f.eliminate(part)
		}
		if part.node.op == OpExtract && f.ceiling(part) == 0 {
			return number(part.width, 0), true
		}
		if part.width > 1 {
			return Term{}, false
		}
		about, values := meaning(part.node)
		if d, ok := f.find(about); ok {
			switch {
			case len(intersect(d, values)) == 0:
				return bit(false), true
			case len(intersect(d, complement(values, about.width))) == 0:
				return bit(true), true
			}
		}
		return Term{}, false
	}, f.simplified)
}

// eliminate returns a sum without the first parts of those sums whose value is known,
// and false where it has none of them.
func (f *Facts) eliminate(x Term) (Term, bool) {
	changed := false
	for _, e := range f.equations {
		if e.sum.width != x.width {
			continue
		}
		k := uint64(0)
		x.Parts(func(coefficient uint64, part Term) {
			if part.node == e.sum.a.node {
				k = coefficient
			}
		})
		if k != 0 {
			known := Term{node: e.sum, value: -e.value & mask(x.width), width: x.width}
			x = f.terms.Sub(x, f.terms.scale(known, k))
			changed = true
		}
	}
	if !changed {
		return Term{}, false
	}
	return f.Simplify(x), true
}

// Each calls f with what is known, in the order in which the terms were made: a
// term, and the ranges of its values as pairs of the lowest and the highest.
func (f *Facts) Each(visit func(about Term, ranges [][2]uint64)) {
	domains := f.all()
	nodes := slices.SortedFunc(maps.Keys(domains), func(a, b *node) int { return cmp.Compare(a.id, b.id) })
	for _, n := range nodes {
		var ranges [][2]uint64
		for _, s := range domains[n] {
			ranges = append(ranges, [2]uint64{s.low, s.high})
		}
		visit(Term{node: n, width: n.width}, ranges)
	}
}
