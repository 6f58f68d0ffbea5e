package elf

import "slices"

// Model is what is known of the headers of a file that is yet to be made: some
// bits have a value, some are equal to others, and goals have still to be met.
// It can be narrowed down step by step and taken back, as a search does.
type Model struct {
	parent []bit   // union-find over the bits of the headers
	value  []uint8 // of the bits that are their own parent: 0, 1 or open
	goals  []goal
	views  map[int]*view // by index of the program header; -1 for the ELF header
	trail  []change      // of bits, to be taken back
	chosen []choice      // of alternatives, to be taken back
	met    []int         // goals that are met whatever the open bits are, to be taken back
	sum    linear        // for passing use
	// version is another number whenever bits or goals are others.
	version uint64
	steps   int // that the search may still take
	gaveUp  bool
}

const open uint8 = 2 // the value of a bit that may be 0 or 1

// change is what a bit was before it was changed.
type change struct {
	bit    bit
	parent bit
	value  uint8
}

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
	index int // of the program header, or -1
	met   bool
	seen  uint64 // version of the model when conclusions were last drawn from it
}

// maxSteps bounds one search.
const maxSteps = 1 << 12

func newModel(bytes int64) *Model {
	m := &Model{parent: make([]bit, bytes*8), value: make([]uint8, bytes*8), version: 1}
	m.sum.index = make([]int32, bytes*8)
	for i := range m.parent {
		m.parent[i], m.value[i] = bit(i), open
	}
	return m
}

// root returns the bit that stands for b and all that are equal to it.
func (m *Model) root(b bit) bit {
	for m.parent[b] != b {
		b = m.parent[b]
	}
	return b
}

func (m *Model) at(b bit) (bit, uint8) {
	r := m.root(b)
	if v := m.value[r]; v != open {
		return known, v
	}
	return r, 0
}

func (m *Model) change(b, parent bit, value uint8) {
	m.trail = append(m.trail, change{b, m.parent[b], m.value[b]})
	m.parent[b], m.value[b] = parent, value
	m.version++
}

// set gives b a value. It reports false when b has the other one.
func (m *Model) set(b bit, value uint8) bool {
	r := m.root(b)
	if m.value[r] == open {
		m.change(r, r, value)
	}
	return m.value[r] == value
}

// unite makes x and y the same bit.
func (m *Model) unite(x, y bit) bool {
	x, y = m.root(x), m.root(y)
	switch {
	case x == y:
		return true
	case m.value[x] != open:
		return m.set(y, m.value[x])
	case m.value[y] != open:
		return m.set(x, m.value[y])
	}
	m.change(max(x, y), min(x, y), open)
	return true
}

// Mark names a state of a Model to which Undo returns.
type Mark struct{ goals, trail, chosen, met int }

// Mark returns the present state.
func (m *Model) Mark() Mark { return Mark{len(m.goals), len(m.trail), len(m.chosen), len(m.met)} }

// Undo takes back everything since mark.
func (m *Model) Undo(mark Mark) {
	m.version++
	for _, c := range slices.Backward(m.trail[mark.trail:]) {
		m.parent[c.bit], m.value[c.bit] = c.parent, c.value
	}
	for _, c := range slices.Backward(m.chosen[mark.chosen:]) {
		m.goals[c.goal].must = c.was
	}
	for _, i := range m.met[mark.met:] {
		m.goals[i].met = false
	}
	m.goals, m.trail = m.goals[:mark.goals], m.trail[:mark.trail]
	m.chosen, m.met = m.chosen[:mark.chosen], m.met[:mark.met]
}

// Len returns how many bytes the model knows about: the headers.
func (m *Model) Len() int { return len(m.parent) / 8 }

// Byte returns the bits of the byte at offset that are known: those under mask
// are those of value.
func (m *Model) Byte(offset int) (mask, value byte) {
	for i := range 8 {
		if b, v := m.at(bit(offset*8 + i)); b == known {
			mask |= 1 << i
			value |= v << i
		}
	}
	return mask, value
}

// Set decides the bits under mask of the byte at offset. It reports false when
// the file could not be loaded then as far as is seen at once; Feasible sees
// everything. After false the model must be taken back to an earlier mark.
func (m *Model) Set(offset int, mask, value byte) bool {
	for i := range 8 {
		if mask>>i&1 != 0 && !m.set(bit(offset*8+i), value>>i&1) {
			return false
		}
	}
	return m.propagate()
}

// SetBytes decides the bits under known of the bytes from the file's start on,
// as Set does for one byte.
func (m *Model) SetBytes(known, value []byte) bool {
	for offset := range m.Len() {
		for i := range 8 {
			if known[offset]>>i&1 != 0 && !m.set(bit(offset*8+i), value[offset]>>i&1) {
				return false
			}
		}
	}
	return m.propagate()
}

// SetField decides the bits under mask of a field, as Set does. header is the
// index of the program header, and -1 for a field of the ELF header.
func (m *Model) SetField(header int, id FieldID, mask, value uint64) bool {
	return m.views[header].set(id, mask, value) && m.propagate()
}

// Field returns the bits of a field that are known: those under mask are those
// of value.
func (m *Model) Field(header int, id FieldID) (mask, value uint64) {
	w := m.views[header].word(id)
	return w.mask, w.value
}

// SetEntry puts the first instruction at a file offset, as Set does.
func (m *Model) SetEntry(offset int64) bool {
	here, there := Sum{EEntry, POffset}, Sum{PVaddr, Number(offset)}
	return m.Require(&Rule{Name: "entry at an offset", Must: AllOf{AtMost{here, there}, AtMost{there, here}}})
}

// Require adds a rule for the entry's segment, as if the loader asked for it.
func (m *Model) Require(r *Rule) bool {
	for _, g := range m.goals {
		if g.rule.Scope == PerEntry {
			m.goals = append(m.goals, goal{rule: r, must: r.Must, view: g.view, index: g.index})
			break
		}
	}
	return m.propagate()
}

// propagate draws the conclusions of the goals until there are no more. It
// reports false when a goal is out of reach.
func (m *Model) propagate() bool {
	for {
		before := len(m.trail)
		for i := range m.goals {
			g := &m.goals[i]
			if g.met || g.seen == m.version {
				continue
			}
			g.seen = m.version
			switch conclude(g.must, g.view) {
			case broken:
				return false
			case holds:
				g.met = true
				m.met = append(m.met, i)
			}
		}
		if len(m.trail) == before {
			return true
		}
	}
}

// conclude judges a constraint, and makes the bits known that follow from it.
func conclude(c Constraint, v *view) truth {
	if sum, ok := c.(AtMost); ok {
		return sum.conclude(v) // both at once: most of the time goes into these
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
			m.goals[i].must, m.goals[i].seen = x, 0
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
