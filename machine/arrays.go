package machine

import (
	"cmp"
	"slices"
)

// Region is a run of memory that is used as an array: with addresses of which
// only so much is known that they lie in it.
type Region struct {
	Base      Term  // the unknown part of its addresses, or a number of any value
	Low, High int64 // added to Base; High is behind the last byte
	// Content tells regions apart that hold different bytes at first.
	Content int
}

// Oracle knows of addresses that are no number and no known place of a segment.
type Oracle interface {
	// Region returns where size bytes from an address on lie, and false if that
	// is not known.
	Region(address Term, size int, write bool) (Region, bool)
	// Decide says whether a condition holds, if that is known.
	Decide(condition Term) (value, known bool)
	// Entry returns the segment of an address among the words that the stack holds at
	// entry, for reading; nil if it is none.
	Entry(address Term) *Segment
	// Word returns a word of the initial stack, an unknown, as the process is to see it.
	Word(x Term) Term
	// Writer returns the system call whose byte at an address is the same as that of
	// another one, which made the byte unknown.
	Writer(call, argument int, address Term) (int, int)
}

// holds reports whether a place lies in the region.
func (r *Region) holds(p place) bool {
	return r.Base.node == p.base && p.offset >= r.Low && p.offset < r.High
}

// meets reports whether two regions have a byte in common.
func (r *Region) meets(base *node, low, high int64) bool {
	return r.Base.node == base && low < r.High && r.Low < high
}

// indexed is a value that was written somewhere into a region.
type indexed struct {
	region  Region
	address Term
	value   Term
}

// region asks where an address lies that is no known place.
func (m *Memory) region(address Term, size int, write bool) (Region, bool) {
	p := locate(address)
	if m.Oracle == nil || p.base == nil || m.find(p) != nil {
		return Region{}, false
	}
	if s := m.Oracle.Entry(address); s != nil {
		m.Map(s)
		return Region{}, false
	}
	return m.Oracle.Region(address, size, write)
}

// loadIndexed returns size bytes from an address in a region on.
func (m *Memory) loadIndexed(r *Region, address Term, size int) (Term, *problem) {
	var list [8]Byte
	for i := range size {
		b, ok := m.byteIn(m.top, r, address.plus(uint64(i)))
		if !ok {
			return Term{}, &problem{kind: Unclear, reason: "reads at an address that is not known"}
		}
		list[i] = b
	}
	return m.join(list[:size]), nil
}

// storeIndexed writes a value to an address in a region.
func (m *Memory) storeIndexed(r *Region, address, x Term) {
	m.top = &layer{indexed: &indexed{*r, address, x}, below: m.top}
}

// byteIn returns the byte at an address in a region, from a layer on downwards. It
// reports false where that can't be said.
func (m *Memory) byteIn(l *layer, r *Region, at Term) (Byte, bool) {
	for ; l != nil; l = l.below {
		switch {
		case l.indexed != nil:
			if x := &l.indexed.region; !r.meets(x.Base.node, x.Low, x.High) {
				continue
			}
			for i := range int(l.indexed.value.width) / 8 {
				b := Byte{Of: l.indexed.value, Index: uint8(i)}
				switch same, known := m.same(at, l.indexed.address.plus(uint64(i))); {
				case known && same:
					return b, true
				case !known:
					return m.either(l, r, at)
				}
			}
		case l.writer != nil:
			if !r.meets(l.start.base, l.start.offset, l.start.offset+l.size) {
				continue
			}
			if !l.writer.full || l.start.offset > r.Low || l.start.offset+l.size < r.High {
				return Byte{}, false
			}
			of, index := m.terms.Sub(at, Term{node: l.start.base, value: uint64(l.start.offset) & mask(at.width), width: at.width}).Split()
			u := Unknown{Origin: KernelByte, Width: 8, Index: index}
			u.Call, u.Argument = l.writer.call, l.writer.argument
			if m.Oracle != nil {
				u.Call, u.Argument = m.Oracle.Writer(u.Call, u.Argument, at)
			}
			if of.node != nil {
				u.Of = of
			}
			return Byte{Of: m.terms.Unknown(u)}, true
		default:
			places, ok := l.within(r)
			if !ok {
				return Byte{}, false
			}
			for _, p := range places {
				if same, known := m.same(at, p.address(at.width)); !known {
					return m.either(l, r, at)
				} else if same {
					return l.at(p), true
				}
			}
		}
	}
	// What the region holds at first.
	if p := locate(at); r.holds(p) {
		if s := m.find(p); s != nil {
			return s.Initial(p.offset), true
		}
	}
	u := Unknown{Origin: InitialByte, Width: 8, Argument: r.Content}
	u.Of, u.Index = m.terms.Sub(at, Term{node: r.Base.node, value: uint64(r.Low) & mask(at.width), width: at.width}).Split()
	return Byte{Of: m.terms.Unknown(u)}, true
}

// either returns the byte at an address in a region where it depends on a
// comparison of addresses whether it is one of a layer or lies below.
func (m *Memory) either(l *layer, r *Region, at Term) (Byte, bool) {
	below, ok := m.byteIn(l.below, r, at)
	if !ok {
		return Byte{}, false
	}
	x := below.term(m.terms)
	add := func(address Term, b Byte) {
		same, known := m.same(at, address)
		condition := m.terms.Equal(at, address)
		if known {
			condition = bit(same)
		}
		x = m.terms.If(condition, b.term(m.terms), x)
	}
	if l.indexed != nil {
		for i := range int(l.indexed.value.width) / 8 {
			add(l.indexed.address.plus(uint64(i)), Byte{Of: l.indexed.value, Index: uint8(i)})
		}
		return Byte{Of: x}, true
	}
	places, _ := l.within(r)
	for _, p := range places {
		add(p.address(at.width), l.at(p))
	}
	return Byte{Of: x}, true
}

// byteOf returns the byte at a place of a segment where a layer with an indexed
// value may hold it, and false where it does not.
func (m *Memory) byteOf(l *layer, s *Segment, p place) (Byte, bool) {
	x := l.indexed
	if !x.region.holds(p) {
		return Byte{}, false
	}
	at := p.address(x.address.width)
	undecided := false
	for i := range int(x.value.width) / 8 {
		same, known := m.same(at, x.address.plus(uint64(i)))
		if known && same {
			return Byte{Of: x.value, Index: uint8(i)}, true
		}
		undecided = undecided || !known
	}
	if !undecided {
		return Byte{}, false
	}
	b := m.byteAt(l.below, s, p).term(m.terms)
	for i := range int(x.value.width) / 8 {
		at := m.terms.Equal(at, x.address.plus(uint64(i)))
		b = m.terms.If(at, Byte{Of: x.value, Index: uint8(i)}.term(m.terms), b)
	}
	return Byte{Of: b}, true
}

// same tells whether two addresses are one, if that is known.
func (m *Memory) same(x, y Term) (same, known bool) {
	condition := m.terms.Equal(x, y)
	if condition.node == nil {
		return condition.value != 0, true
	}
	if m.Oracle == nil {
		return false, false
	}
	return m.Oracle.Decide(condition)
}

// address returns the address of a place.
func (p place) address(width uint8) Term {
	return Term{node: p.base, value: uint64(p.offset) & mask(width), width: width}
}

// at returns the byte that a layer of chunks holds at a place.
func (l *layer) at(p place) Byte {
	start, i := chunkOf(p)
	b, _ := l.chunks[start].at(i)
	return b
}

// within returns the places in a region that a layer of chunks holds, in order,
// and false if they are too many.
func (l *layer) within(r *Region) ([]place, bool) {
	var list []place
	l.each(func(p place, _ Byte) {
		if r.holds(p) {
			list = append(list, p)
		}
	})
	slices.SortFunc(list, func(a, b place) int { return cmp.Compare(a.offset, b.offset) })
	return list, len(list) <= maxConsidered
}

// TouchedIn returns the addresses in a region at which a byte may have been written
// since all of it became unknown by one Scatter, of which it returns the call and
// the argument; or since the beginning, with a call of -1. It reports false where
// the kernel may have written a part of it.
func (m *Memory) TouchedIn(r Region, width int) (addresses []Term, call, argument int, ok bool) {
	for l := m.top; l != nil; l = l.below {
		switch {
		case l.indexed != nil:
			if x := &l.indexed.region; r.meets(x.Base.node, x.Low, x.High) {
				for i := range int(l.indexed.value.width) / 8 {
					addresses = append(addresses, l.indexed.address.plus(uint64(i)))
				}
			}
		case l.writer != nil:
			if !r.meets(l.start.base, l.start.offset, l.start.offset+l.size) {
				continue
			}
			whole := l.writer.full && l.start.offset == r.Low && l.start.offset+l.size == r.High
			return addresses, l.writer.call, l.writer.argument, whole
		default:
			places, few := l.within(&r)
			if !few {
				return nil, 0, 0, false
			}
			for _, p := range places {
				addresses = append(addresses, p.address(uint8(width)))
			}
		}
	}
	return addresses, -1, 0, true
}

// PeekIn returns the byte at an address in a region.
func (m *Memory) PeekIn(r Region, address Term) (Term, bool) {
	b, ok := m.byteIn(m.top, &r, address)
	if !ok {
		return Term{}, false
	}
	return b.term(m.terms), true
}

// Set writes a value of whole bytes at a known place.
func (m *Memory) Set(address, x Term) {
	p := locate(address)
	for i := range int(x.width) / 8 {
		m.put(place{p.base, p.offset + int64(i)}, Byte{Of: x, Index: uint8(i)})
	}
}
