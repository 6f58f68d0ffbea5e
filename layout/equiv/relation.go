package equiv

import (
	"cmp"
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/machine"
)

// location is a place of a process that holds a value.
type location struct {
	side  int // 0 is the original, 1 the result
	kind  locationKind
	n     int64 // number of the register or flag; address, or distance from the stack pointer
	width int   // bits
}

type locationKind uint8

const (
	inRegister locationKind = iota
	inFlag
	inImage
	onStack
	// inExtent is the start of what is the same of an array, the number of whose
	// object is half of n, or the length if n is odd.
	inExtent
	// inSize is what the last system call returned, or with n = 1 was asked for.
	inSize
)

// isReal reports whether the location is one of a process.
func (l location) isReal() bool { return l.kind < inExtent }

func (a location) compare(b location) int {
	return cmp.Or(cmp.Compare(a.side, b.side), cmp.Compare(a.kind, b.kind), cmp.Compare(a.n, b.n), cmp.Compare(a.width, b.width))
}

// value is what a location holds: parts, the lowest first.
type value []part

// part is a number or another term that is the same in all runs, to which a symbol
// may be added.
type part struct {
	width   int // bits
	literal machine.Term
	symbol  int // index, -1 for a literal
}

// symbol is a value that a relation does not tell, but where it is found.
type symbol struct {
	unknown machine.Term // as narrow as its values are
	values  [][2]uint64
	origin  machine.Origin
}

// status says what a relation tells of an array.
type status uint8

const (
	asAtFirst status = iota // nobody has written to it
	equalNow                // both hold the same
	partly                  // they do in an extent
	apart                   // nothing
)

// relation is what is claimed of two states, of the original and of the result,
// that stand at two places: what each location holds in terms of some symbols, of
// which a location of the original that is in no relation to the result has one of
// its own. What it does not mention is as the program began with it, but for the
// stack below a height, which may hold anything.
type relation struct {
	values  map[location]value
	order   []location // of values
	symbols []symbol
	arrays  []status
	// argc are the values that argc may have: what was found out of it stays true.
	argc [][2]uint64
	// height is how far above the stack pointer the stack begins to be as it was
	// when the program began, in bytes.
	height [2]int64
	// landmarks tell of words of the initial stack.
	landmarks []landmark
}

// snapshot is two states with what they hold where.
type snapshot struct {
	*route
	locations map[location]machine.Term
	order     []location
	height    [2]int64
	arrays    []status
	landmarks map[landmark]bool
}

// flagsKept are the flags that instructions compute.
var flagsKept = []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.DF, x86.OF}

var flagNames = []string{"carry flag", "parity flag", "auxiliary carry flag", "zero flag", "sign flag", "direction flag", "overflow flag"}

// snapshot looks at two states.
func (d *induction) snapshot(r *route) (*snapshot, string) {
	s := &snapshot{route: r, locations: map[location]machine.Term{}}
	for i, o := range d.objects {
		now := apart
		if o.array {
			now = d.statusOf(r, o)
		}
		s.arrays = append(s.arrays, now)
		if now == partly {
			s.put(location{0, inExtent, int64(2 * i), d.images[0].bits}, r.ranges[o].start)
			s.put(location{0, inExtent, int64(2*i + 1), d.images[0].bits}, r.ranges[o].length)
		}
	}
	if len(r.sizes) > 0 {
		s.put(location{0, inSize, 0, r.sizes[0].result.Width()}, r.sizes[0].result)
		s.put(location{0, inSize, 1, r.sizes[0].asked.Width()}, r.sizes[0].asked)
	}
	for side, p := range r.processes() {
		for n := range p.Registers {
			s.put(location{side, inRegister, int64(n), p.Bits}, d.known(r.facts, p.Registers[n]))
		}
		for n, f := range flagsKept {
			s.put(location{side, inFlag, int64(n), 1}, d.known(r.facts, p.Flag(f)))
		}
		if reason := d.cells(s, side); reason != "" {
			return nil, reason
		}
	}
	if r.original.Other != r.result.Other {
		return nil, "the x87 or vector registers hold other values"
	}
	if len(s.locations) > maxLocations {
		return nil, "there is too much memory to be looked at"
	}
	s.sort()
	s.landmarks = d.landmarks(s)
	return s, ""
}

func (s *snapshot) put(l location, x machine.Term) { s.locations[l] = s.facts.Simplify(x) }

func (s *snapshot) sort() {
	s.order = s.order[:0]
	for l := range s.locations {
		s.order = append(s.order, l)
	}
	slices.SortFunc(s.order, location.compare)
}

// cells notes the memory that a process has written outside of arrays.
func (d *induction) cells(s *snapshot, side int) string {
	p := s.processes()[side]
	stack, pointer := p.Registers[machine.SP].Split()
	image, _ := d.bases[side].Split()
	if stack.IsNumber() {
		return "the stack pointer is not known"
	}
	type byteAt struct {
		l location
		b machine.Byte
	}
	var list []byteAt
	for _, c := range p.Memory.Changes() {
		l := location{side: side}
		switch {
		case d.inArray(side, c.Base, c.Offset):
			continue
		case c.Base.Same(stack):
			l.kind, l.n = onStack, c.Offset-pointer
			s.height[side] = max(s.height[side], l.n+max(c.Size, 1))
		case c.Base.Same(image):
			l.kind, l.n = inImage, c.Offset
		default:
			return "writes where it is not known"
		}
		if c.Size == 0 {
			list = append(list, byteAt{l, c.Byte})
			continue
		}
		if c.Size > maxScattered {
			if l.kind == onStack {
				continue
			}
			return d.needArray(side, l.n)
		}
		for i := range c.Size {
			m := l
			m.n += i
			if b, ok := p.Memory.Peek(p.place(&m, d)); ok {
				list = append(list, byteAt{m, machine.Byte{Of: b}})
			}
		}
	}
	if s.height[side] > maxHeight {
		return "the stack grows with every round of a loop"
	}
	list = slices.DeleteFunc(list, func(x byteAt) bool { return x.l.kind == onStack && x.l.n < -below })
	slices.SortStableFunc(list, func(a, b byteAt) int { return a.l.compare(b.l) })
	list = slices.CompactFunc(list, func(a, b byteAt) bool { return a.l == b.l })
	word := p.image.abi.PointerSize
	run := 0 // where what stands together begins
	for i := 0; i < len(list); {
		n := 1
		first := list[i]
		if i > 0 && (list[i-1].l.kind != first.l.kind || list[i-1].l.n+1 != first.l.n) {
			run = i
		}
		number := first.b.Of.IsNumber() && (first.l.n%int64(word) == 0 || (i-run)%word == 0)
		for first.b.Index == 0 && i+n < len(list) {
			next := list[i+n]
			if next.l.kind != first.l.kind || next.l.n != first.l.n+int64(n) {
				break
			}
			if (next.b.Of != first.b.Of || int(next.b.Index) != n) && !(number && next.b.Of.IsNumber() && n < word) {
				break
			}
			n++
		}
		if n&(n-1) != 0 {
			n = 1
		}
		l := first.l
		l.width = 8 * n
		s.put(l, d.known(s.facts, p.read(&l, d)))
		i += n
	}
	return ""
}

// place returns the address of a location in memory.
func (p *process) place(l *location, d *induction) machine.Term {
	base := d.bases[l.side]
	if l.kind == onStack {
		base = p.Registers[machine.SP]
	}
	return p.Terms.Add(base, machine.Number(p.Bits, uint64(l.n)))
}

// read returns what a location holds.
func (p *process) read(l *location, d *induction) machine.Term {
	switch l.kind {
	case inRegister:
		return p.Registers[l.n]
	case inFlag:
		return p.Flag(flagsKept[l.n])
	}
	x, ok := p.Memory.PeekWord(p.place(l, d), l.width/8)
	if !ok {
		return p.Terms.Undefined(l.width)
	}
	return x
}

// set changes what a location holds.
func (p *process) set(l *location, x machine.Term, d *induction) {
	switch l.kind {
	case inRegister:
		p.Registers[l.n] = x
	case inFlag:
		p.SetFlag(flagsKept[l.n], x)
	default:
		p.Memory.Set(p.place(l, d), x)
	}
}

// fill looks also at the locations of another snapshot or relation.
func (s *snapshot) fill(order []location, d *induction) {
	for _, l := range order {
		if _, ok := s.locations[l]; !ok && l.isReal() {
			s.put(l, d.known(s.facts, s.processes()[l.side].read(&l, d)))
		}
	}
	s.sort()
}

// isGlobal reports whether a term is the same in all runs from one start: a number
// or a number behind an unknown that the program began with.
func isGlobal(x machine.Term) bool {
	if x.IsNumber() {
		return true
	}
	u, _, ok := x.AsUnknown()
	return ok && u.Call == 0 && u.Of == (machine.Term{}) && (u.Origin == machine.StackPointer || u.Origin == machine.EntryWord || u.Origin == machine.ImageBase)
}

// originOf says what kind of address a term may be.
func originOf(x machine.Term) machine.Origin {
	if u, _, ok := x.AsUnknown(); ok && (u.Origin == machine.StackPointer || u.Origin == machine.EntryWord) {
		return u.Origin
	}
	if x.InString() {
		return machine.EntryWord
	}
	return machine.Input
}

// pairing generalizes two snapshots to one relation: of each location it has the
// two values, and gives a symbol to those that are the same, or differ by the same
// number, in both.
type pairing struct {
	d        *induction
	x, y     *snapshot
	keys     map[pairKey]*pairUse
	relation *relation
	version  int
	widen    bool
	fixed    bool // the stack pointers are where they were in both
	ofSymbol map[pairKey]int
}

type pairKey struct {
	a, b  machine.Term
	width int
}

// pairUse is how a key is used. As long as it is with one number, that is alone.
type pairUse struct {
	sides [2]bool
	plus  machine.Term
	alone bool
}

// small is a number below which, or above whose negative, there are no addresses.
const small = 1 << 15

// normal returns the key of two values, and what is to be added to the key's symbol.
func (g *pairing) normal(a, b machine.Term) (pairKey, machine.Term) {
	t := g.x.terms
	w := a.Width()
	base, offset := a.Split()
	plus := machine.Number(w, uint64(offset))
	if base.IsNumber() {
		base = machine.Number(w, 0)
	} else if start, ok := startIn(a); ok {
		if from, to := t.Sub(base, start), t.Sub(b, start); !to.IsNumber() || g.fixed {
			if same, ok := startIn(b); ok && same == start {
				base, plus = from, t.Add(start, plus)
			}
		}
	}
	b = t.Sub(b, plus)
	return g.narrow(base, b), plus
}

// narrow returns the key of two values without the bits that are 0 in both. With widen
// those that have grown beyond a width keep all of their bits: they count something, and
// would grow beyond the next one too.
func (g *pairing) narrow(a, b machine.Term) pairKey {
	w := a.Width()
	first, second := highest(g.x.facts, a), highest(g.y.facts, b)
	for _, narrow := range []int{8, 16, 32} {
		if narrow < w && max(first, second) < 1<<narrow {
			return pairKey{g.x.low(a, narrow), g.y.low(b, narrow), narrow}
		}
		if g.widen && first < 1<<narrow {
			break
		}
	}
	return pairKey{a, b, w}
}

// low returns the low bits of a term whose other bits are 0, of which as much is known
// as of the term.
func (w *world) low(x machine.Term, width int) machine.Term {
	low := w.terms.Extract(x, 0, width)
	if !low.IsNumber() {
		w.facts.Restrict(low, w.facts.Values(x))
	}
	return w.facts.Simplify(low)
}

// startIn returns the address at which the stack or an image began, if a term has it
// in it.
func startIn(x machine.Term) (start machine.Term, ok bool) {
	x.Parts(func(coefficient uint64, part machine.Term) {
		if u, _, is := part.AsUnknown(); is && coefficient == 1 && isGlobal(part) && u.Origin != machine.EntryWord {
			start, ok = part, true
		}
	})
	return start, ok
}

func highest(f *machine.Facts, x machine.Term) uint64 {
	v := f.Values(x)
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1][1]
}

// piece is a part of what a location holds: so many bits from a low one on.
type piece struct{ low, width int }

// halves splits a piece, unless it is as narrow as registers are.
func (p piece) halves() []piece {
	if p.width != 64 && p.width != 32 && p.width != 16 {
		return nil
	}
	return []piece{{p.low, p.width / 2}, {p.low + p.width/2, p.width / 2}}
}

// stackFixed reports whether each stack pointer is the same in both snapshots, and known:
// then other addresses of the stack are told by their distance from the first one, and not
// by one that is like the stack pointer.
func (g *pairing) stackFixed() bool {
	for i, p := range g.x.processes() {
		if !isLiteral(p.Registers[machine.SP], g.y.processes()[i].Registers[machine.SP]) {
			return false
		}
	}
	return true
}

func isLiteral(a, b machine.Term) bool { return a == b && isGlobal(a) }

// generalize returns a relation that holds of both snapshots. With widen it gives up
// what is known of values that are not the same in both.
func (d *induction) generalize(x, y *snapshot, widen bool) *relation {
	d.versions++
	g := &pairing{d: d, x: x, y: y, keys: map[pairKey]*pairUse{}, ofSymbol: map[pairKey]int{}, version: d.versions, widen: widen}
	g.fixed = g.stackFixed()
	g.relation = &relation{values: map[location]value{}, argc: union(x.facts.Values(d.argc()), y.facts.Values(d.argc()))}
	for i := range x.arrays {
		g.relation.arrays = append(g.relation.arrays, d.common(i, x, y))
	}
	g.relation.landmarks = d.commonLandmarks(x, y, widen)
	x.sort()
	g.relation.order = slices.DeleteFunc(slices.Clone(x.order), func(l location) bool {
		_, ok := y.locations[l]
		return !ok || l.kind == inExtent && g.relation.arrays[l.n/2] != partly
	})
	for side := range g.relation.height {
		g.relation.height[side] = max(x.height[side], y.height[side])
	}
	pieces := map[location][]piece{}
	for _, l := range g.relation.order {
		pieces[l] = []piece{{0, l.width}}
		g.use(l, pieces[l][0])
	}
	for split := true; split; {
		split = false
		uses := map[location][]piece{}
		for _, l := range g.relation.order {
			list := pieces[l]
			if !l.isReal() {
				continue
			}
			pieces[l] = nil
			for _, p := range list {
				halves := p.halves()
				if halves == nil || g.shared(l, p) {
					pieces[l] = append(pieces[l], p)
					continue
				}
				pieces[l], uses[l] = append(pieces[l], halves...), append(uses[l], halves...)
			}
		}
		for _, l := range g.relation.order {
			for _, p := range uses[l] {
				g.use(l, p)
				split = true
			}
		}
	}
	for _, l := range g.relation.order {
		if !slices.ContainsFunc(pieces[l], func(p piece) bool { return g.shared(l, p) }) {
			pieces[l] = []piece{{0, l.width}}
		}
		var v value
		for _, p := range pieces[l] {
			v = append(v, g.part(g.values(l, p)))
		}
		g.relation.values[l] = v
	}
	return g.relation
}

// values are what a piece of a location holds in both snapshots.
func (g *pairing) values(l location, p piece) (a, b machine.Term) {
	return g.x.terms.Extract(g.x.locations[l], p.low, p.width), g.y.terms.Extract(g.y.locations[l], p.low, p.width)
}

// use notes that a piece of a location holds its two values.
func (g *pairing) use(l location, p piece) {
	a, b := g.values(l, p)
	if isLiteral(a, b) {
		return
	}
	k, plus := g.normal(a, b)
	u := g.keys[k]
	if u == nil {
		u = &pairUse{plus: plus, alone: true}
		g.keys[k] = u
	}
	u.sides[l.side] = true
	u.alone = u.alone && u.plus == plus
}

// shared reports whether both sides have the values of a piece, or it is a number.
func (g *pairing) shared(l location, p piece) bool {
	a, b := g.values(l, p)
	if isLiteral(a, b) {
		return true
	}
	k, _ := g.normal(a, b)
	u := g.keys[k]
	return u != nil && u.sides[0] && u.sides[1]
}

// part returns what two values have in common.
func (g *pairing) part(a, b machine.Term) part {
	if isLiteral(a, b) {
		return part{width: a.Width(), literal: a, symbol: -1}
	}
	k, literal := g.normal(a, b)
	u := g.keys[k]
	if n, ok := literal.Constant(); ok && u != nil && u.alone && a.IsNumber() && (n < small || -n < small) {
		literal = machine.Number(a.Width(), 0)
		k = g.narrow(a, b)
	}
	i, ok := g.ofSymbol[k]
	if !ok {
		i = g.newSymbol(k)
	}
	return part{a.Width(), literal, i}
}

func (g *pairing) newSymbol(k pairKey) int {
	i := len(g.relation.symbols)
	s := symbol{origin: machine.Input}
	if o := originOf(k.a); o == originOf(k.b) {
		s.origin = o
	}
	s.unknown = g.x.terms.Unknown(machine.Unknown{Origin: s.origin, Width: k.width, Index: int64(i), Call: g.version, Argument: 1})
	s.values = g.x.facts.Values(k.a)
	if more := g.y.facts.Values(k.b); !slices.Equal(s.values, more) {
		joined := union(s.values, more)
		if g.widen && !slices.Equal(joined, s.values) {
			joined = widened(s.values, joined, highest(g.y.facts, g.d.argc()), k.width)
		}
		s.values = joined
	}
	g.relation.symbols = append(g.relation.symbols, s)
	g.ofSymbol[k] = i
	return i
}

// union returns the values that are in either of two sets.
func union(x, y [][2]uint64) [][2]uint64 {
	all := append(slices.Clone(x), y...)
	slices.SortFunc(all, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	var list [][2]uint64
	for _, r := range all {
		if n := len(list); n > 0 && (list[n-1][1] == ^uint64(0) || r[0] <= list[n-1][1]+1) {
			list[n-1][1] = max(list[n-1][1], r[1])
			continue
		}
		list = append(list, r)
	}
	if len(list) > maxRanges {
		list = [][2]uint64{{list[0][0], list[len(list)-1][1]}}
	}
	return list
}

// widened returns a set that holds another one and of which there are few above a
// first one: an end that has moved goes on to the most that argc can be, as that of what
// counts arguments, or to where signs or the width end.
func widened(first, joined [][2]uint64, argc uint64, width int) [][2]uint64 {
	if len(first) == 0 || len(joined) == 0 {
		return joined
	}
	top := ^uint64(0) >> (64 - width)
	low, high := joined[0][0], joined[len(joined)-1][1]
	if low < first[0][0] {
		low = 0
	}
	if high > first[len(first)-1][1] {
		for _, end := range []uint64{argc, top >> 1, top} {
			if high <= end && end <= top {
				high = end
				break
			}
		}
	}
	return [][2]uint64{{low, high}}
}

// within reports whether all values of one set are in another.
func within(x, y [][2]uint64) bool {
	for _, a := range x {
		if !slices.ContainsFunc(y, func(b [2]uint64) bool { return b[0] <= a[0] && a[1] <= b[1] }) {
			return false
		}
	}
	return true
}

// holds tells whether a relation holds of two states, "" if so, else why not.
func (r *relation) holds(s *snapshot, d *induction) string {
	found := make([]machine.Term, len(r.symbols))
	wide := make([]machine.Term, len(r.symbols)) // the same before the bits that are 0 were left out
	t := s.terms
	if !within(s.facts.Values(d.argc()), r.argc) {
		return "argc may have other values"
	}
	for _, m := range r.landmarks {
		if !d.isAt(s.route, m.address(s.original, d), m.spot, 0) {
			return "a word of the initial stack may lie elsewhere"
		}
	}
	for i := range r.arrays {
		if !d.implies(i, s.arrays[i], r.arrays[i]) {
			return fmt.Sprintf("the memory from %#x on need not be the same", d.objects[i].low)
		}
	}
	for side := range r.height {
		if r.height[side] < s.height[side] {
			return "more of the stack was written"
		}
	}
	for l := range s.locations {
		if _, ok := r.values[l]; !ok && l.isReal() && !(l.kind == onStack && l.n+int64(l.width/8) <= r.height[l.side]) {
			return l.String() + " has been written"
		}
	}
	for _, l := range r.order {
		x, ok := s.locations[l]
		switch {
		case l.kind == inExtent:
			continue
		case !ok && l.kind == inSize:
			return "nothing is known of what the last call was asked for"
		case !ok:
			x = s.facts.Simplify(s.processes()[l.side].read(&l, d))
		}
		low := 0
		for _, p := range r.values[l] {
			y := s.facts.Simplify(t.Extract(x, low, p.width))
			low += p.width
			if p.symbol < 0 {
				if y != p.literal {
					return fmt.Sprintf("%v holds %v, not %v", l, y, p.literal)
				}
				continue
			}
			y = t.Sub(y, p.literal)
			sym := &r.symbols[p.symbol]
			if w := sym.unknown.Width(); w < p.width {
				if highest(s.facts, y) >= 1<<w {
					return fmt.Sprintf("%v holds %v, which may be large", l, y)
				}
				if p.width == s.abi.Bits {
					wide[p.symbol] = y
				}
				y = s.low(y, w)
			}
			y = s.facts.Simplify(y)
			if found[p.symbol] == (machine.Term{}) {
				if sym.origin != machine.Input && originOf(y) != sym.origin || !within(s.facts.Values(y), sym.values) {
					return fmt.Sprintf("%v holds %v, of another range", l, y)
				}
				found[p.symbol] = y
			} else if found[p.symbol] != y {
				return fmt.Sprintf("%v holds %v, not %v", l, y, found[p.symbol])
			}
		}
	}
	return r.extentsHold(s, d, found, wide)
}

// extentsHold tells whether in each array the part that the relation says to be the
// same is so, given what the symbols are.
func (r *relation) extentsHold(s *snapshot, d *induction, found, wide []machine.Term) string {
	for i, o := range d.objects {
		if r.arrays[i] != partly || s.arrays[i] != partly {
			continue
		}
		var e [2]machine.Term
		for k := range e {
			l := location{0, inExtent, int64(2*i + k), d.images[0].bits}
			p := r.values[l][0]
			switch {
			case len(r.values[l]) != 1:
				return "what is the same of an array is not told by one symbol"
			case p.symbol < 0:
				e[k] = p.literal
			case found[p.symbol] == (machine.Term{}):
				// Only the other number of some extent may depend on it.
				e[k] = s.locations[l]
				y := s.terms.Sub(e[k], p.literal)
				if w := r.symbols[p.symbol].unknown.Width(); w != p.width || !within(s.facts.Values(y), r.symbols[p.symbol].values) {
					return "the extent of what is the same has another range"
				}
				found[p.symbol] = y
			case wide[p.symbol] != (machine.Term{}):
				e[k] = s.terms.Add(wide[p.symbol], p.literal)
			default:
				e[k] = s.terms.Add(s.terms.ZeroExtend(found[p.symbol], p.width), p.literal)
			}
		}
		own := s.ranges[o]
		if s.facts.Simplify(own.start) == s.facts.Simplify(e[0]) && s.facts.Simplify(own.length) == s.facts.Simplify(e[1]) {
			continue
		}
		if !s.covers(own, e[0], e[1]) {
			return fmt.Sprintf("of the memory from %#x on less is the same", o.low)
		}
	}
	return ""
}

// implies reports whether what is known of an array is at least what is claimed.
func (d *induction) implies(i int, known, claimed status) bool {
	switch {
	case known == claimed || claimed == apart:
		return true
	case known == asAtFirst:
		return d.objects[i].alike && claimed != asAtFirst
	}
	return known < claimed
}

// common returns what two snapshots have in common of an array. Where that is an
// extent, it looks for one that registers hold in the same way in both.
func (d *induction) common(i int, x, y *snapshot) status {
	a, b := x.arrays[i], y.arrays[i]
	joined := apart
	for _, s := range []status{partly, equalNow, asAtFirst} {
		if d.implies(i, a, s) && d.implies(i, b, s) {
			joined = s
		}
	}
	if joined != partly || x == y {
		return joined
	}
	var l [2]location
	for k := range l {
		l[k] = location{0, inExtent, int64(2*i + k), d.images[0].bits}
	}
	if a != partly {
		x, y = y, x
	}
	o := d.objects[i]
	own := y.ranges[o]
	for _, start := range candidates(x, y, l[0]) {
		for _, length := range candidates(x, y, l[1]) {
			if own == nil || y.arrays[i] != partly || y.covers(own, start, length) {
				y.locations[l[0]], y.locations[l[1]] = start, length
				return partly
			}
		}
	}
	if y.arrays[i] != partly {
		return apart
	}
	return partly
}

// candidates returns values of the second snapshot that stand to a register of the
// original as a value of the first one does.
func candidates(x, y *snapshot, l location) []machine.Term {
	var list []machine.Term
	for n := range x.original.Registers {
		reg := location{0, inRegister, int64(n), x.original.Bits}
		if d := x.terms.Sub(x.locations[reg], x.locations[l]); d.IsNumber() {
			list = append(list, x.terms.Sub(y.locations[reg], d))
		}
	}
	return list
}

// instantiate returns two states of which the relation holds, and no more.
func (r *relation) instantiate(d *induction, ips [2]machine.Term) *route {
	w := d.freshWorld()
	w.facts.Restrict(d.argc(), r.argc)
	d.scatters++
	for i := range r.symbols {
		w.facts.Restrict(r.symbols[i].unknown, r.symbols[i].values)
	}
	var processes [2]*process
	for side := range processes {
		processes[side] = d.first[side].fork()
		processes[side].IP = ips[side]
		processes[side].Other = w.terms.Unknown(machine.Unknown{Origin: machine.Input, Width: 64, Call: d.scatters, Argument: 2})
	}
	to := d.route(w, processes)
	term := func(v value) machine.Term {
		var x machine.Term
		for i, p := range v {
			y := p.literal
			if p.symbol >= 0 {
				y = w.terms.Add(w.terms.ZeroExtend(r.symbols[p.symbol].unknown, p.width), p.literal)
			}
			if i == 0 {
				x = y
			} else {
				x = w.terms.Concat(y, x)
			}
		}
		return x
	}
	for _, l := range r.order {
		if l.kind < inImage {
			processes[l.side].set(&l, term(r.values[l]), d)
		}
	}
	for side, p := range processes {
		d.mapStack(p, r.height[side])
		d.scatters++
		sp := p.Registers[machine.SP]
		p.Memory.Scatter(offset(p, sp, ^uint64(stackRoom-1)), stackRoom+r.height[side], d.scatters, side, true, machine.Term{})
	}
	for i, s := range r.arrays {
		o := d.objects[i]
		if !o.array || s == asAtFirst {
			continue
		}
		d.havoc(to, o, s == equalNow)
		if s == partly {
			l := location{0, inExtent, int64(2 * i), d.images[0].bits}
			start := term(r.values[l])
			l.n++
			to.ranges[o] = &extent{start, term(r.values[l])}
		}
	}
	for _, l := range r.order {
		if l.kind >= inImage && l.isReal() {
			processes[l.side].set(&l, term(r.values[l]), d)
		}
	}
	l := location{0, inSize, 0, d.images[0].bits}
	if v, ok := r.values[l]; ok {
		l.n++
		to.sizes = []size{{term(v), term(r.values[l])}}
	}
	for _, m := range r.landmarks {
		to.found = append(to.found, found{m.address(to.original, d), m.spot})
	}
	return to
}

// stackRoom is how much of the stack below the stack pointer there is, in bytes.
const stackRoom = 1 << 22

// String names a location for people.
func (l location) String() string {
	owner := [2]string{"the original's ", "the result's "}[l.side]
	switch l.kind {
	case inRegister:
		return owner + x86.RegisterName(x86.GeneralRegister(int(l.n), l.width/8))
	case inFlag:
		return owner + flagNames[l.n]
	case inImage:
		return fmt.Sprintf("%smemory at %#x", owner, l.n)
	}
	if l.kind == onStack {
		return fmt.Sprintf("%sstack at %+d", owner, l.n)
	}
	return "the extent of what is known"
}
