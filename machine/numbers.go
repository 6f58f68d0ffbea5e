package machine

import (
	"maps"
	"slices"
)

// Numbers of a state on which only numbers are: what a run that is recorded has to
// keep of it.

// FlagBits returns the flags that a State holds as bits of the flags register, and
// which of them are defined. Those that are not are 0.
func (s *State) FlagBits() (bits, defined uint16) {
	for i, k := range kept {
		x := s.flags.term[i]
		if s.flags.late&k.flag != 0 {
			x = s.compute(k.flag)
		}
		if v, ok := x.Constant(); ok && x.width > 0 {
			defined |= 1 << k.bit
			bits |= uint16(v) << k.bit
		}
	}
	return bits, defined
}

// SetFlagBits sets the flags as FlagBits returned them.
func (s *State) SetFlagBits(bits, defined uint16) {
	s.flags.late, s.flags.shape = 0, 0
	for i, k := range kept {
		s.flags.term[i] = Term{}
		if defined>>k.bit&1 != 0 {
			s.flags.term[i] = bit(bits>>k.bit&1 != 0)
		}
	}
}

// Bytes reads memory whatever its permissions, as far as there is some from an
// address on and its bytes are numbers, and returns how many it read.
func (m *Memory) Bytes(address uint64, out []byte) int {
	for i := range out {
		p := place{nil, int64(address) + int64(i)}
		s := m.find(p)
		if s == nil {
			return i
		}
		b := m.byteAt(m.top, s, p)
		if b.Of.node != nil {
			return i
		}
		out[i] = byte(b.Of.value >> (8 * b.Index))
	}
	return len(out)
}

// SetBytes changes memory whatever its permissions.
func (m *Memory) SetBytes(address uint64, bytes []byte) {
	for i, b := range bytes {
		m.put(place{nil, int64(address) + int64(i)}, Const(b))
	}
}

// Segments returns the segments, a later one hiding what it overlaps of earlier
// ones. The caller must not change the slice.
func (m *Memory) Segments() []*Segment { return m.segments }

// SetSegments replaces the segments; what was written stays.
func (m *Memory) SetSegments(list []*Segment) {
	m.segments = list
	m.cells.forget()
}

// Touched returns how many bytes of memory have been written since it was mapped,
// rounded up to whole chunks; what is written in a copy of a state counts in both.
func (m *Memory) Touched() int64 { return m.touched }

// Forget drops all terms made so far. It may only be called where none is used any
// more.
func (t *Terms) Forget() {
	clear(t.nodes)
	clear(t.unknowns)
	t.count = 0
}

// WrittenIn returns the addresses from low to high, high excluded, that have been
// written since they were mapped, in ascending order.
func (m *Memory) WrittenIn(low, high uint64) []uint64 {
	seen := map[uint64]bool{}
	for l := m.top; l != nil; l = l.below {
		for start, c := range l.chunks {
			for i := range chunkSize {
				if at := uint64(start.offset) + uint64(i); start.base == nil && c.written>>i&1 != 0 && at >= low && at < high {
					seen[at] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
