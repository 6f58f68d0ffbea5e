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
)

func (a location) compare(b location) int {
	return cmp.Or(cmp.Compare(a.side, b.side), cmp.Compare(a.kind, b.kind), cmp.Compare(a.n, b.n), cmp.Compare(a.width, b.width))
}

// value is what a location holds: parts, the lowest first.
type value []part

// part is a number or another term that is the same in all runs, or a symbol plus
// a number.
type part struct {
	width   int // bits
	literal machine.Term
	symbol  int // index, -1 for a literal
	plus    uint64
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
	// height is how far above the stack pointer the stack begins to be as it was
	// when the program began, in bytes.
	height [2]int64
}

// Bounds of a relation.
const (
	below        = 64   // bytes below the stack pointer that are looked at
	maxHeight    = 1024 // bytes of the stack above it
	maxLocations = 2048
	maxScattered = 4096 // bytes that the kernel may have written, told apart
)

// snapshot is two states with what they hold where.
type snapshot struct {
	*world
	processes [2]*process
	locations map[location]machine.Term
	order     []location
	height    [2]int64
	arrays    []status
}

// flagsKept are the flags that instructions compute.
var flagsKept = []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.DF, x86.OF}

var flagNames = []string{"carry flag", "parity flag", "auxiliary carry flag", "zero flag", "sign flag", "direction flag", "overflow flag"}

// snapshot looks at two states.
func (d *induction) snapshot(w *world, processes [2]*process) (*snapshot, string) {
	s := &snapshot{world: w, processes: processes, locations: map[location]machine.Term{}}
	for i, o := range d.objects {
		if !o.array {
			s.arrays = append(s.arrays, apart)
			continue
		}
		s.arrays = append(s.arrays, d.statusOf(w, processes, d.objects[i]))
	}
	for side, p := range processes {
		for n := range p.Registers {
			s.put(location{side, inRegister, int64(n), p.Bits}, p.Registers[n])
		}
		for n, f := range flagsKept {
			s.put(location{side, inFlag, int64(n), 1}, p.Flag(f))
		}
		if reason := d.cells(s, side); reason != "" {
			return nil, reason
		}
	}
	if len(s.locations) > maxLocations {
		return nil, "there is too much memory to be looked at"
	}
	s.sort()
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
	p := s.processes[side]
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
		case c.Base.Same(stack):
			l.kind, l.n = onStack, c.Offset-pointer
			s.height[side] = max(s.height[side], l.n+max(c.Size, 1))
		case c.Base.Same(image):
			l.kind, l.n = inImage, c.Offset
			if d.inArray(side, c.Offset) {
				continue
			}
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
	for i := 0; i < len(list); {
		n := 1
		first := list[i]
		for first.b.Index == 0 && i+n < len(list) {
			next := list[i+n]
			if next.l.kind != first.l.kind || next.l.n != first.l.n+int64(n) || next.b.Of != first.b.Of || int(next.b.Index) != n {
				break
			}
			n++
		}
		if n&(n-1) != 0 {
			n = 1
		}
		l := first.l
		l.width = 8 * n
		s.put(l, p.read(&l, d))
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
		if _, ok := s.locations[l]; !ok {
			s.put(l, s.processes[l.side].read(&l, d))
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
	ofSymbol map[pairKey]int
}

type pairKey struct {
	a, b  machine.Term
	width int
}

type pairUse struct{ sides [2]bool }

// normal returns the key of two values, and what is to be added to the key's symbol.
func (g *pairing) normal(a, b machine.Term) (pairKey, uint64) {
	base, offset := a.Split()
	plus := uint64(offset)
	if base.IsNumber() {
		base = machine.Number(a.Width(), 0)
	}
	t := g.x.terms
	b = t.Sub(b, machine.Number(b.Width(), plus))
	w := a.Width()
	top := max(highest(g.x.facts, base), highest(g.y.facts, b))
	for _, narrow := range []int{8, 16, 32} {
		if narrow < w && top < 1<<narrow {
			w = narrow
			base, b = t.Extract(base, 0, w), t.Extract(b, 0, w)
			base, b = g.x.facts.Simplify(base), g.y.facts.Simplify(b)
			break
		}
	}
	return pairKey{base, b, w}, plus
}

func highest(f *machine.Facts, x machine.Term) uint64 {
	v := f.Values(x)
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1][1]
}

// pieces are the parts of a register that are looked at where the whole has no
// relation to the other side: low bit and width.
var pieces = map[int][][2]int{64: {{0, 8}, {8, 8}, {16, 16}, {32, 32}}, 32: {{0, 8}, {8, 8}, {16, 16}}, 16: {{0, 8}, {8, 8}}}

func isLiteral(a, b machine.Term) bool { return a == b && isGlobal(a) }

// generalize returns a relation that holds of both snapshots. With widen it gives up
// what is known of values that are not the same in both.
func (d *induction) generalize(x, y *snapshot, widen bool) *relation {
	d.versions++
	g := &pairing{d: d, x: x, y: y, keys: map[pairKey]*pairUse{}, ofSymbol: map[pairKey]int{}, version: d.versions, widen: widen}
	g.relation = &relation{values: map[location]value{}, order: slices.Clone(x.order)}
	for i := range x.arrays {
		g.relation.arrays = append(g.relation.arrays, max(x.arrays[i], y.arrays[i]))
	}
	for side := range g.relation.height {
		g.relation.height[side] = max(x.height[side], y.height[side])
	}
	use := func(l location, a, b machine.Term) {
		if isLiteral(a, b) {
			return
		}
		k, _ := g.normal(a, b)
		if g.keys[k] == nil {
			g.keys[k] = &pairUse{}
		}
		g.keys[k].sides[l.side] = true
	}
	for _, l := range x.order {
		use(l, x.locations[l], y.locations[l])
	}
	whole := map[location]bool{}
	for _, l := range x.order {
		a, b := x.locations[l], y.locations[l]
		k, _ := g.normal(a, b)
		if u := g.keys[k]; isLiteral(a, b) || u.sides[0] && u.sides[1] || pieces[l.width] == nil {
			whole[l] = true
			continue
		}
		for _, piece := range pieces[l.width] {
			use(l, g.x.terms.Extract(a, piece[0], piece[1]), g.y.terms.Extract(b, piece[0], piece[1]))
		}
	}
	for _, l := range x.order {
		a, b := x.locations[l], y.locations[l]
		var v value
		shared := false
		if !whole[l] {
			for _, piece := range pieces[l.width] {
				p, both := g.part(g.x.terms.Extract(a, piece[0], piece[1]), g.y.terms.Extract(b, piece[0], piece[1]))
				v = append(v, p)
				shared = shared || both
			}
		}
		if !shared {
			p, _ := g.part(a, b)
			v = value{p}
		}
		g.relation.values[l] = v
	}
	return g.relation
}

// part returns what two values have in common, and whether both sides have it or it
// is a number.
func (g *pairing) part(a, b machine.Term) (part, bool) {
	if isLiteral(a, b) {
		return part{width: a.Width(), literal: a, symbol: -1}, true
	}
	k, plus := g.normal(a, b)
	u := g.keys[k]
	i, ok := g.ofSymbol[k]
	if !ok {
		i = g.newSymbol(k)
	}
	return part{width: a.Width(), symbol: i, plus: plus}, u != nil && u.sides[0] && u.sides[1]
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
			joined = widened(s.values, joined, k.width)
		}
		s.values = joined
	}
	g.relation.symbols = append(g.relation.symbols, s)
	g.ofSymbol[k] = i
	return i
}

// maxRanges bounds the ranges of a symbol's values.
const maxRanges = 4

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
// first one: an end that has moved goes on to where signs or the width end.
func widened(first, joined [][2]uint64, width int) [][2]uint64 {
	if len(first) == 0 || len(joined) == 0 {
		return joined
	}
	top := ^uint64(0) >> (64 - width)
	low, high := joined[0][0], joined[len(joined)-1][1]
	if low < first[0][0] {
		low = 0
	}
	if high > first[len(first)-1][1] {
		if high <= top>>1 {
			high = top >> 1
		} else {
			high = top
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
	t := s.terms
	for i := range r.arrays {
		if r.arrays[i] < s.arrays[i] {
			return fmt.Sprintf("the memory from %#x on need not be the same", d.objects[i].low)
		}
	}
	for side := range r.height {
		if r.height[side] < s.height[side] {
			return "more of the stack was written"
		}
	}
	for l := range s.locations {
		if _, ok := r.values[l]; !ok {
			return l.String() + " has been written"
		}
	}
	for _, l := range r.order {
		x, ok := s.locations[l]
		if !ok {
			x = s.facts.Simplify(s.processes[l.side].read(&l, d))
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
			y = t.Sub(y, machine.Number(p.width, p.plus))
			sym := &r.symbols[p.symbol]
			if w := sym.unknown.Width(); w < p.width {
				if highest(s.facts, y) >= 1<<w {
					return fmt.Sprintf("%v holds %v, which may be large", l, y)
				}
				y = t.Extract(y, 0, w)
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
	return ""
}

// instantiate returns two states of which the relation holds, and no more.
func (r *relation) instantiate(d *induction, ips [2]machine.Term) (*world, [2]*process) {
	w := d.freshWorld()
	for i := range r.symbols {
		w.facts.Restrict(r.symbols[i].unknown, r.symbols[i].values)
	}
	var processes [2]*process
	for side := range processes {
		processes[side] = d.first[side].fork()
		processes[side].Known = w.facts.Decide
		processes[side].IP = ips[side]
	}
	term := func(v value) machine.Term {
		var x machine.Term
		for i, p := range v {
			y := p.literal
			if p.symbol >= 0 {
				y = w.terms.Add(w.terms.ZeroExtend(r.symbols[p.symbol].unknown, p.width), machine.Number(p.width, p.plus))
			}
			if x = w.terms.Concat(y, x); i == 0 {
				x = y
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
		d.mapStack(p)
		d.scatters++
		sp := p.Registers[machine.SP]
		p.Memory.Scatter(offset(p, sp, ^uint64(stackRoom-1)), stackRoom+r.height[side], d.scatters, side, true)
	}
	for i, s := range r.arrays {
		if o := d.objects[i]; o.array && s != asAtFirst {
			d.havoc(o, processes, s == equalNow)
		}
	}
	for _, l := range r.order {
		if l.kind >= inImage {
			processes[l.side].set(&l, term(r.values[l]), d)
		}
	}
	return w, processes
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
	return fmt.Sprintf("%sstack at %+d", owner, l.n)
}
