package elf

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Tape is the bytes of a file that is yet to be made, with one program header that maps
// all of it: what a placement and a loader leave of each. Several goroutines may ask at
// once.
type Tape struct {
	Placement Placement
	Loader    *Loader
	// Known and Value are the bits of the headers that are decided, by byte.
	Known, Value []byte
	// Example are headers that the loader takes.
	Example []byte

	mu      sync.Mutex
	model   *Model
	answers []answers
	lone    []bool // bytes that nothing asks anything of
}

// single is the role of the only program header of a Tape.
var single = []Role{Entry}

// NewTape returns the tape of a placement; nil if there is no such file, or, as gaveUp
// tells, none was found within the limits of the search.
func NewTape(p Placement, l *Loader) (t *Tape, gaveUp bool) {
	m, ok := NewModel(p, l, single)
	if !ok {
		return nil, false
	}
	if t = newTape(p, l, m); t == nil {
		return nil, m.gaveUp
	}
	return t, false
}

func newTape(p Placement, l *Loader, m *Model) *Tape {
	example, ok := m.Example()
	if !ok {
		return nil
	}
	t := &Tape{Placement: p, Loader: l, Example: example, model: m, answers: make([]answers, m.Len())}
	t.Known, t.Value = m.bytes()
	t.lone = m.lone()
	return t
}

// lone lists the bytes of which nothing is decided, that no open goal is about and whose
// bits are equal to no others.
func (m *Model) lone() []bool {
	asked := byteSet{}
	for i := range m.goals {
		if g := &m.goals[i]; !g.met {
			asked = asked.with(g.about)
		}
	}
	list := make([]bool, m.Len())
	for i := range list {
		list[i] = m.known[i] == 0 && !asked.has(int64(i))
		for b := bit(8 * i); b < bit(8*i+8); b++ {
			list[i] = list[i] && m.next[b] == b
		}
	}
	return list
}

// bytes returns the bits that are decided, by byte.
func (m *Model) bytes() (known, value []byte) { return slices.Clone(m.known), slices.Clone(m.value) }

// From returns the tape of the same file when its first instruction lies at an offset;
// nil if there is none.
func (t *Tape) From(entry int) *Tape {
	m, ok := NewModel(t.Placement, t.Loader, single)
	if !ok || !m.SetEntry(int64(entry)) {
		return nil
	}
	return newTape(t.Placement, t.Loader, m)
}

// Start returns the bits that are decided when the first instruction lies at an offset,
// by byte; nil if that is seen at once to be impossible.
func (t *Tape) Start(entry int) (known, value []byte) {
	t.Try(func(m *Model) bool {
		ok := m.SetEntry(int64(entry))
		if ok {
			known, value = m.bytes()
		}
		return ok
	})
	return known, value
}

// Try makes decisions, reports whether they go together, and takes them back.
func (t *Tape) Try(decide func(*Model) bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	mark := t.model.Mark()
	defer t.model.Undo(mark)
	return decide(t.model)
}

// answers are the values of a byte for which Allows knows the answer, as bits, and those
// of them that are possible.
type answers struct{ known, possible [4]atomic.Uint64 }

// Allows reports whether the byte at an offset can have a value, whatever the others are,
// as far as is seen at once.
func (t *Tape) Allows(at int, value byte) bool {
	if at >= len(t.answers) || t.lone[at] {
		return true
	}
	a, word, bit := &t.answers[at], value>>6, uint64(1)<<(value&63)
	if a.known[word].Load()&bit == 0 {
		if t.Try(func(m *Model) bool { return m.Set(at, 0xff, value) }) {
			a.possible[word].Or(bit)
		}
		a.known[word].Or(bit)
	}
	return a.possible[word].Load()&bit != 0
}

// Classes derives what every byte of the headers may be; nil if there is no such file.
func (t *Tape) Classes() *ByteClasses {
	c, _ := Classify(t.Placement, t.Loader, single)
	return c
}

// Headers returns headers that a loader takes, of a file with one program header that
// begins at an offset and of which some bits are decided, by byte. What does not matter
// is 0. It is nil where there are none.
func Headers(p Placement, l *Loader, entry int, known, value []byte) []byte {
	m, ok := NewModel(p, l, single)
	if !ok || !m.SetEntry(int64(entry)) || !m.SetBytes(known, value) {
		return nil
	}
	headers, _ := m.Example()
	return headers
}

// Placements lists where the one program header of a file of some size may lie, all
// of it in the file, the smallest files first. More headers than one only make a file
// longer. 0 stands for any size.
func Placements(class Class, size int64) []Placement {
	var list []Placement
	last := int64(class.Size(FileHeader))
	if size > 0 {
		last = min(last, size-int64(class.Size(ProgramHeader)))
	}
	for phoff := int64(0); phoff <= last; phoff++ {
		for _, typ := range [...]uint64{TypeExec, TypeDyn} {
			list = append(list, Placement{Class: class, Type: typ, Phoff: phoff, Phnum: 1, Size: size})
		}
	}
	return list
}
