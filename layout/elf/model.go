package elf

import (
	"math/bits"
	"slices"
)

// Model is what is known of the headers of a file that is yet to be made: some
// bits have a value, some are equal to others, and goals have still to be met.
// It can be narrowed down step by step and taken back, as a search does.
type Model struct {
	// known and value are the bits that have a value, by byte.
	known, value []byte
	// root is the bit that stands for each bit and all that are equal to it: the lowest
	// of them; next leads from one of them to the next, round in a ring.
	root, next []bit
	goals      []goal
	views      []*view  // by index of the program header and 1; the first is the ELF header
	trail      []change // of bits, to be taken back
	chosen     []choice // of alternatives, to be taken back
	met        []int    // goals that are met whatever the open bits are, to be taken back
	sum        linear   // for passing use
	changed    byteSet  // bytes of which not all goals know what has become known
	steps      int      // that the search may still take
	gaveUp     bool
}

// byteSet is a set of bytes of the headers: of those whose offsets are the same
// modulo 128 all are in it or none. It may hold too many, never too few.
type byteSet [2]uint64

var everyByte = byteSet{^uint64(0), ^uint64(0)}

func (s *byteSet) add(offset int64)      { s[offset>>6&1] |= 1 << (offset & 63) }
func (s byteSet) has(offset int64) bool  { return s[offset>>6&1]>>(offset&63)&1 != 0 }
func (s byteSet) empty() bool            { return s == byteSet{} }
func (s byteSet) with(o byteSet) byteSet { return byteSet{s[0] | o[0], s[1] | o[1]} }
func (s byteSet) meets(o byteSet) bool   { return s[0]&o[0]|s[1]&o[1] != 0 }

// change is what became known: the value of a bit, or that other was the root of
// bits equal to it.
type change struct{ bit, other bit }

// choice is a goal that was replaced by one of its alternatives.
type choice struct {
	goal int
	was  Constraint
}

// goal is a constraint that has to hold for one header.
type goal struct {
	rule  *Rule
	must  Constraint
	view  *view
	index int     // of the program header, or -1
	about byteSet // the bytes that it depends on
	met   bool
	fresh bool // no conclusions were drawn from it yet
}

func newModel(bytes int64) *Model {
	ints := make([]bit, 3*8*bytes)
	m := &Model{known: make([]byte, bytes), value: make([]byte, bytes), root: ints[:8*bytes], next: ints[8*bytes : 16*bytes]}
	m.sum.index = ints[16*bytes:]
	for i := range m.root {
		m.root[i], m.next[i] = bit(i), bit(i)
	}
	return m
}

// view returns how a constraint sees the model with a program header in place; -1
// stands for the ELF header.
func (m *Model) view(header int) *view { return m.views[header+1] }

// add adds a goal.
func (m *Model) add(r *Rule, index int, v *view) {
	g := goal{rule: r, must: r.Must, view: v, index: index, fresh: true}
	r.Must.mentions(func(id FieldID, _ uint64) {
		start, width := v.place(id)
		for i := range int64(width) / 8 {
			g.about.add(start/8 + i)
		}
	})
	if g.about.empty() {
		g.about = everyByte
	}
	m.goals = append(m.goals, g)
}

func (m *Model) at(b bit) (bit, uint8) {
	if m.known[b>>3]>>(b&7)&1 != 0 {
		return known, m.value[b>>3] >> (b & 7) & 1
	}
	return m.root[b], 0
}

// set gives b a value. It reports false when b has the other one.
func (m *Model) set(b bit, value uint8) bool {
	r, old := m.at(b)
	if r == known {
		return old == value
	}
	m.trail = append(m.trail, change{bit: r, other: known})
	m.each(r, func(b bit) {
		m.known[b>>3] |= 1 << (b & 7)
		m.value[b>>3] |= value << (b & 7)
		m.changed.add(int64(b >> 3))
	})
	return true
}

// each calls f for all bits that are equal to b.
func (m *Model) each(b bit, f func(bit)) {
	f(b)
	for i := m.next[b]; i != b; i = m.next[i] {
		f(i)
	}
}

// unite makes x and y the same bit.
func (m *Model) unite(x, y bit) bool {
	rx, vx := m.at(x)
	ry, vy := m.at(y)
	switch {
	case rx == known:
		return m.set(y, vx)
	case ry == known:
		return m.set(x, vy)
	case rx == ry:
		return true
	}
	rx, ry = min(rx, ry), max(rx, ry)
	m.trail = append(m.trail, change{rx, ry})
	m.each(ry, func(b bit) { m.root[b] = rx })
	m.next[rx], m.next[ry] = m.next[ry], m.next[rx]
	m.each(rx, func(b bit) { m.changed.add(int64(b >> 3)) })
	return true
}

// takeBack makes unknown again what a change made known.
func (m *Model) takeBack(c change) {
	if c.other == known {
		m.each(c.bit, func(b bit) {
			m.known[b>>3] &^= 1 << (b & 7)
			m.value[b>>3] &^= 1 << (b & 7)
		})
		return
	}
	m.next[c.bit], m.next[c.other] = m.next[c.other], m.next[c.bit]
	m.each(c.other, func(b bit) { m.root[b] = c.other })
}

// Mark names a state of a Model to which Undo returns.
type Mark struct {
	goals, trail, chosen, met int
	changed                   byteSet
}

// Mark returns the present state.
func (m *Model) Mark() Mark {
	return Mark{len(m.goals), len(m.trail), len(m.chosen), len(m.met), m.changed}
}

// Undo takes back everything since mark.
func (m *Model) Undo(mark Mark) {
	for _, c := range slices.Backward(m.trail[mark.trail:]) {
		m.takeBack(c)
	}
	for _, c := range slices.Backward(m.chosen[mark.chosen:]) {
		m.goals[c.goal].must = c.was
	}
	for _, i := range m.met[mark.met:] {
		m.goals[i].met = false
	}
	m.goals, m.trail = m.goals[:mark.goals], m.trail[:mark.trail]
	m.chosen, m.met = m.chosen[:mark.chosen], m.met[:mark.met]
	m.changed = mark.changed
}

// Len returns how many bytes the model knows about: the headers.
func (m *Model) Len() int { return len(m.known) }

// Byte returns the bits of the byte at offset that are known: those under mask
// are those of value.
func (m *Model) Byte(offset int) (mask, value byte) {
	return m.known[offset], m.value[offset]
}

// Set decides the bits under mask of the byte at offset. It reports false when
// the file could not be loaded then as far as is seen at once; Feasible sees
// everything. After false the model must be taken back to an earlier mark.
func (m *Model) Set(offset int, mask, value byte) bool {
	return m.setByte(offset, mask, value) && m.propagate()
}

func (m *Model) setByte(offset int, mask, value byte) bool {
	if (m.value[offset]^value)&mask&m.known[offset] != 0 {
		return false
	}
	for left := mask &^ m.known[offset]; left != 0; left &= left - 1 {
		i := bits.TrailingZeros8(left)
		if !m.set(bit(offset*8+i), value>>i&1) {
			return false
		}
	}
	return true
}

// SetBytes decides the bits under known of the bytes from the file's start on,
// as Set does for one byte.
func (m *Model) SetBytes(known, value []byte) bool {
	for offset := range min(m.Len(), len(known)) {
		if !m.setByte(offset, known[offset], value[offset]) {
			return false
		}
	}
	return m.propagate()
}

// SetEntry puts the first instruction at a file offset, as Set does.
func (m *Model) SetEntry(offset int64) bool {
	here, there := Sum{EEntry, POffset}, Sum{PVaddr, Number(offset)}
	r := &Rule{Name: "entry at an offset", Must: AllOf{AtMost{here, there}, AtMost{there, here}}}
	for _, g := range m.goals {
		if g.rule.Scope == PerEntry {
			m.add(r, g.index, g.view)
			break
		}
	}
	return m.propagate()
}

// propagate draws the conclusions of the goals until there are no more. It
// reports false when a goal is out of reach.
func (m *Model) propagate() bool {
	for again := true; again; again = !m.changed.empty() {
		news := m.changed
		m.changed = byteSet{}
		for i := range m.goals {
			g := &m.goals[i]
			if g.met || !g.fresh && !g.about.meets(news) && !g.about.meets(m.changed) {
				continue
			}
			g.fresh = false
			switch conclude(g.must, g.view) {
			case broken:
				return false
			case holds:
				g.met = true
				m.met = append(m.met, i)
			}
		}
	}
	return true
}

// conclude judges a constraint, and makes the bits known that follow from it.
func conclude(c Constraint, v *view) truth {
	// Of these both is done at once: most of the time goes into them.
	switch c := c.(type) {
	case AtMost:
		return c.conclude(v)
	case AnyOf:
		return c.conclude(v)
	}
	t := c.truth(v)
	if t == unknown && !c.assert(v) {
		return broken
	}
	return t
}

// search decides bits until every goal is met, whatever the remaining bits are.
// It reports false when there is no way; the state is then as it was before.
func (m *Model) search() bool {
	mark := m.Mark()
	if m.propagate() && m.decide() {
		return true
	}
	m.Undo(mark)
	return false
}

// decide settles one open question in every possible way.
func (m *Model) decide() bool {
	i := m.question()
	if i < 0 {
		return true
	}
	if m.steps--; m.steps < 0 {
		return false
	}
	g := m.goals[i]
	mark := m.Mark()
	if alternatives, ok := g.must.(AnyOf); ok {
		for _, x := range alternatives {
			if x.truth(g.view) == broken {
				continue
			}
			m.chosen = append(m.chosen, choice{i, g.must})
			m.goals[i].must, m.goals[i].fresh = x, true
			if m.search() {
				return true
			}
			m.Undo(mark)
		}
		return false
	}
	b, value := g.must.pick(g.view)
	for _, v := range []uint8{value, 1 - value} {
		if m.set(b, v) && m.search() {
			return true
		}
		m.Undo(mark)
	}
	return false
}

// question returns the index of a goal that may or may not be met, or -1, when
// all conclusions have been drawn.
// Alternatives come first: each of them settles much at once.
func (m *Model) question() int {
	first := -1
	for i := range m.goals {
		g := &m.goals[i]
		if g.met {
			continue
		}
		if _, ok := g.must.(AnyOf); ok {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

// solve searches with a fresh allowance of steps. A search that runs out of them
// counts as failed, which may lose a file but never makes a wrong one.
func (m *Model) solve() bool {
	m.steps = maxSteps
	found := m.search()
	m.gaveUp = m.gaveUp || m.steps < 0
	return found
}

// GaveUp reports whether a search ended before it had an answer, and "no" was taken
// for one.
func (m *Model) GaveUp() bool { return m.gaveUp }

// Feasible reports whether the bits that are not known can be chosen so that
// the file loads. The model stays as it is.
func (m *Model) Feasible() bool {
	mark := m.Mark()
	defer m.Undo(mark)
	return m.solve()
}

// Example returns headers that meet all goals; what does not matter is 0.
func (m *Model) Example() ([]byte, bool) {
	mark := m.Mark()
	defer m.Undo(mark)
	if !m.solve() {
		return nil, false
	}
	headers := make([]byte, m.Len())
	for i := range headers {
		_, headers[i] = m.Byte(i)
	}
	return headers, true
}
