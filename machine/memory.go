package machine

import (
	"cmp"
	"fmt"
	"slices"
)

// Memory is the memory of a process: segments with what they hold at first,
// and layers of what was written since. An address is a number, or an unknown
// plus a number; segments of different unknowns do not overlap.
type Memory struct {
	// Strings admits reading behind the words that the stack holds at entry,
	// as if each were the address of a string.
	Strings bool
	// Watch, if not nil, is told of every access of the program.
	Watch func(Access)
	// Stored, if not nil, is told of every value that the program's instructions write.
	Stored func(address, x Term)
	// Oracle, if not nil, knows of addresses that are no known place.
	Oracle Oracle

	terms    *Terms
	segments []*Segment
	top      *layer
	touched  int64 // bytes of all chunks made
	cells    cells
}

// Access is one access to memory by the program's instructions.
type Access struct {
	Segment *Segment
	Offset  int64 // of the first byte, as in Segment
	Size    int   // bytes
	Write   bool
}

// Segment is a range of addresses with the same permissions.
type Segment struct {
	Name string
	// Base is the unknown part of its addresses, or a number (of any value)
	// where they are plain numbers.
	Base      Term
	Low, High int64 // added to Base; High is behind the last byte
	Read      bool
	Write     bool
	Execute   bool
	// Alone is set for what an access must not go beyond, whatever lies behind it.
	Alone bool
	// Initial returns what a byte holds at first.
	Initial func(offset int64) Byte
}

// Byte is one byte of a value that takes up to 8 of them.
type Byte struct {
	Of    Term
	Index uint8
}

// Const returns a Byte that is a number.
func Const(b byte) Byte { return Byte{Of: number(8, uint64(b))} }

// Term returns the byte as a term of 8 bits.
func (b Byte) term(t *Terms) Term { return t.Extract(b.Of, 8*int(b.Index), 8) }

// place is the address of a byte.
type place struct {
	base   *node
	offset int64
}

// chunk is a run of bytes that starts at a multiple of its length. Those that are
// numbers take a byte each: most are, and a run on numbers is fast for it.
type chunk struct {
	written uint64              // bit i: byte i was written
	unknown uint64              // bit i: byte i is in terms, and not in numbers
	numbers [chunkSize + 8]byte // with room to read 8 bytes at any index
	terms   *[chunkSize]Byte
	cell
}

const chunkSize = 64 // as many as a uint64 has bits

// put changes byte i.
func (c *chunk) put(i int, b Byte) {
	c.written |= 1 << i
	if b.Of.node == nil {
		c.unknown &^= 1 << i
		c.numbers[i] = byte(b.Of.value >> (8 * b.Index))
		return
	}
	if c.terms == nil {
		c.terms = new([chunkSize]Byte)
	}
	c.unknown |= 1 << i
	c.terms[i] = b
}

// at returns byte i, and whether it was written.
func (c *chunk) at(i int) (Byte, bool) {
	switch {
	case c.written>>i&1 == 0:
		return Byte{}, false
	case c.unknown>>i&1 != 0:
		return c.terms[i], true
	}
	return Const(c.numbers[i]), true
}

// number returns size bytes from i on as a number, and false unless all of them
// were written and are numbers.
func (c *chunk) number(i, size int) (v uint64, ok bool) {
	if i+size > chunkSize || (c.written&^c.unknown)>>i&(1<<size-1) != 1<<size-1 {
		return 0, false
	}
	for j := size - 1; j >= 0; j-- {
		v = v<<8 | uint64(c.numbers[i+j])
	}
	return v, true
}

// chunkOf returns where the chunk of a place starts, and the place's index in it.
func chunkOf(p place) (place, int) {
	return place{p.base, p.offset &^ (chunkSize - 1)}, int(p.offset & (chunkSize - 1))
}

// layer holds bytes written. A layer below another is not changed any more.
type layer struct {
	chunks map[place]*chunk
	below  *layer
	// A layer with a writer holds instead the bytes that the kernel may have
	// written from start on.
	writer *writer
	start  place
	size   int64
	// A layer may instead hold one value at an address that is no known place.
	indexed *indexed
}

// writer is a system call that may have written a buffer. It is full if every
// byte of it is as unknown as if it had been.
type writer struct {
	call, argument int
	full           bool
	// count is how many bytes it has written, from the first on, or an error number;
	// a term of no width if that is not known.
	count Term
}

// covers reports whether the layer, one with a writer, is about a place.
func (l *layer) covers(p place) bool {
	return l.start.base == p.base && p.offset >= l.start.offset && p.offset-l.start.offset < l.size
}

// NewMemory returns memory without segments.
func NewMemory(t *Terms) *Memory {
	return &Memory{terms: t, top: &layer{chunks: map[place]*chunk{}}}
}

// Map adds a segment. Where it overlaps earlier ones it hides them.
func (m *Memory) Map(s *Segment) {
	m.segments = append(slices.Clip(m.segments), s)
	m.cells.forget()
}

// Unmap takes away the segments with a base.
func (m *Memory) Unmap(base Term) {
	m.segments = slices.DeleteFunc(slices.Clone(m.segments), func(s *Segment) bool { return s.Base.node == base.node })
	m.cells.forget()
}

// fork returns a copy of the memory.
func (m *Memory) fork() *Memory {
	c := *m
	c.cells = cells{}
	if m.top.chunks == nil || len(m.top.chunks) > 0 {
		below := m.top
		m.top = &layer{chunks: map[place]*chunk{}, below: below}
		c.top = &layer{chunks: map[place]*chunk{}, below: below}
	} else {
		c.top = &layer{chunks: map[place]*chunk{}, below: m.top.below}
	}
	return &c
}

// locate splits an address. In an address without unknown part the offset is
// the number itself.
func locate(address Term) place {
	if address.node == nil {
		return place{nil, int64(address.value)}
	}
	return place{address.node, signed(address.value, address.width)}
}

// Find returns the segment of an address, nil if there is none, and the
// address's offset in it.
func (m *Memory) Find(address Term) (*Segment, int64) {
	p := locate(address)
	return m.find(p), p.offset
}

func (m *Memory) find(p place) *Segment {
	for i := len(m.segments) - 1; i >= 0; i-- {
		if s := m.segments[i]; s.Base.node == p.base && p.offset >= s.Low && p.offset < s.High {
			return s
		}
	}
	if m.Strings && p.base != nil && p.base.op == OpUnknown && p.base.unknown.Origin == EntryWord && p.offset >= 0 && p.offset < stringBytes {
		return m.stringAt(p.base, 0)
	}
	if m.Strings && m.Oracle != nil && p.base != nil && p.offset >= -stringBytes && p.offset < stringBytes && p.base.isString() {
		return m.stringAt(p.base, -stringBytes)
	}
	return nil
}

// InString reports whether an address is that of a string of the arguments or the
// environment, or one into it.
func (x Term) InString() bool { return x.node != nil && x.node.isString() }

// isString reports whether an address consists of a word of the initial stack and
// what is no address.
func (n *node) isString() bool {
	words, others := 0, 0
	for m := n; m != nil; {
		base, coefficient, rest := m.head()
		if base.op == OpUnknown {
			switch base.unknown.Origin {
			case EntryWord:
				words++
				if coefficient != 1 {
					others++
				}
			case StackPointer, ImageBase:
				others++
			}
		}
		m = rest
	}
	return words == 1 && others == 0
}

// stringBytes bounds how far behind its address a string is looked at.
const stringBytes = 1 << 16

// stringAt makes the segment of a string whose address is a word at entry, from an
// offset on.
func (m *Memory) stringAt(n *node, low int64) *Segment {
	base := Term{node: n, width: n.width}
	s := &Segment{Name: "string", Base: base, Low: low, High: stringBytes, Read: true, Initial: func(offset int64) Byte {
		return Byte{Of: m.terms.Unknown(Unknown{Origin: StringByte, Width: 8, Index: offset, Of: base})}
	}}
	m.Map(s)
	return s
}

// byteAt returns the byte at a place of a segment, from a layer on downwards.
func (m *Memory) byteAt(l *layer, s *Segment, p place) Byte {
	for ; l != nil; l = l.below {
		if w := l.writer; w != nil {
			if !l.covers(p) {
				continue
			}
			u := Unknown{Origin: KernelByte, Width: 8, Call: w.call, Argument: w.argument, Index: p.offset - l.start.offset}
			if m.Oracle != nil {
				u.Call, u.Argument = m.Oracle.Writer(u.Call, u.Argument, p.address(s.Base.width))
			}
			data := m.terms.Unknown(u)
			if w.full {
				return Byte{Of: data}
			}
			return Byte{Of: m.terms.If(m.wrote(w, u), data, m.byteAt(l.below, s, p).term(m.terms))}
		}
		if x := l.indexed; x != nil {
			if b, ok := m.byteOf(l, s, p); ok {
				return b
			}
			continue
		}
		start, i := chunkOf(p)
		if c := l.chunks[start]; c != nil {
			if b, ok := c.at(i); ok {
				return b
			}
		}
	}
	b := s.Initial(p.offset)
	if m.Oracle != nil && b.Of.node != nil && b.Of.node.op == OpUnknown && b.Of.node.unknown.Origin == EntryWord {
		b.Of = m.Oracle.Word(b.Of)
	}
	return b
}

// wrote returns whether a system call has written the byte that an Unknown stands for.
func (m *Memory) wrote(w *writer, u Unknown) Term {
	if w.count.width == 0 {
		u.Origin, u.Width = KernelWrote, 1
		return m.terms.Unknown(u)
	}
	return m.terms.And(m.terms.Below(number(w.count.width, uint64(u.Index)), w.count), m.terms.Not(m.terms.Sign(w.count)))
}

// problem is why memory can't be accessed.
type problem struct {
	kind   EventKind
	reason string
	access Refused
}

func (m *Memory) check(address Term, size int, write bool) (*Segment, place, *problem) {
	p := locate(address)
	s := m.find(p)
	verb := "reads"
	if write {
		verb = "writes"
	}
	refuse := func(kind EventKind, reason string) (*Segment, place, *problem) {
		return nil, p, &problem{kind, verb + reason, Refused{address, size, write}}
	}
	switch {
	case s == nil && p.base != nil:
		return refuse(Unclear, " at an address that is not known")
	case s == nil:
		return refuse(Fault, fmt.Sprintf(" at %#x, where there is no memory", address.value))
	case !write && !s.Read && !s.Write:
		return refuse(Fault, fmt.Sprintf(" %s, which may not be read", s.Name))
	case write && !s.Write && s.Name == "string":
		return refuse(Unclear, " to a string of the arguments or the environment")
	case write && !s.Write && s.Base.node != nil && s.Base.node.op == OpSum:
		return refuse(Unclear, " to "+s.Name)
	case write && !s.Write:
		return refuse(Fault, fmt.Sprintf(" to %s, which may not be written", s.Name))
	case p.offset+int64(size) > s.High && s.Alone:
		return refuse(Fault, fmt.Sprintf(" beyond the end of %s", s.Name))
	case p.offset+int64(size) > s.High:
		// The rest lies in the next segment, if anywhere.
		rest := int(s.High - p.offset)
		if _, _, problem := m.check(address.plus(uint64(rest)), size-rest, write); problem != nil {
			return nil, p, problem
		}
	}
	if m.Watch != nil {
		m.Watch(Access{Segment: s, Offset: p.offset, Size: size, Write: write})
	}
	return s, p, nil
}

// load returns size bytes of memory as one value.
func (m *Memory) load(address Term, size int) (Term, *problem) {
	if r, ok := m.region(address, size, false); ok {
		return m.loadIndexed(&r, address, size)
	}
	s, p, problem := m.check(address, size, false)
	if problem != nil {
		return Term{}, problem
	}
	return m.assemble(s, p, size), nil
}

// assemble joins the bytes from p on.
func (m *Memory) assemble(s *Segment, p place, size int) Term {
	if start, i := chunkOf(p); m.top.writer == nil && p.offset+int64(size) <= s.High {
		if c := m.top.chunks[start]; c != nil {
			if v, ok := c.number(i, size); ok {
				return Number(8*size, v)
			}
		}
	}
	var list [8]Byte
	for i := range size {
		q := place{p.base, p.offset + int64(i)}
		if q.offset >= s.High {
			s = m.find(q)
		}
		list[i] = m.byteAt(m.top, s, q)
	}
	return m.join(list[:size])
}

// join makes one value of bytes, the lowest first.
func (m *Memory) join(list []Byte) Term {
	whole := int(list[0].Of.width) == 8*len(list)
	for i, b := range list {
		whole = whole && b.Of == list[0].Of && int(b.Index) == i
	}
	if whole {
		return list[0].Of
	}
	x := list[0].term(m.terms)
	for _, b := range list[1:] {
		x = m.terms.Concat(b.term(m.terms), x)
	}
	return x
}

// store writes a value to memory.
func (m *Memory) store(address Term, x Term) *problem {
	size := int(x.width) / 8
	if r, ok := m.region(address, size, true); ok {
		m.storeIndexed(&r, address, x)
		m.stored(address, x)
		return nil
	}
	_, p, problem := m.check(address, size, true)
	if problem != nil {
		return problem
	}
	m.stored(address, x)
	for i := range size {
		m.put(place{p.base, p.offset + int64(i)}, Byte{Of: x, Index: uint8(i)})
	}
	return nil
}

func (m *Memory) stored(address, x Term) {
	if m.Stored != nil {
		m.Stored(address, x)
	}
}

// put changes a byte.
func (m *Memory) put(p place, b Byte) {
	if m.top.chunks == nil {
		m.top = &layer{chunks: map[place]*chunk{}, below: m.top}
	}
	start, i := chunkOf(p)
	c := m.chunk(start)
	c.put(i, b)
	if c.code>>i&1 != 0 {
		m.cells.wroteCode(p.offset)
	}
}

// chunk returns the chunk that starts at a place, in the top layer.
func (m *Memory) chunk(start place) *chunk {
	c := m.top.chunks[start]
	if c == nil {
		c = new(chunk)
		m.top.chunks[start] = c
		m.touched += chunkSize
	}
	return c
}

// each calls f for every byte of the layer, in no order.
func (l *layer) each(f func(place, Byte)) {
	for start, c := range l.chunks {
		for i := range chunkSize {
			if b, ok := c.at(i); ok {
				f(place{start.base, start.offset + int64(i)}, b)
			}
		}
	}
}

// Peek returns the byte at an address as the kernel reads it, and false where
// it can't.
func (m *Memory) Peek(address Term) (Term, bool) {
	p := locate(address)
	s := m.find(p)
	if s == nil || !s.Read && !s.Write {
		return Term{}, false
	}
	return m.byteAt(m.top, s, p).term(m.terms), true
}

// PeekWord returns up to 8 bytes at an address as the kernel reads them.
func (m *Memory) PeekWord(address Term, size int) (Term, bool) {
	p := locate(address)
	for i := range size {
		if s := m.find(place{p.base, p.offset + int64(i)}); s == nil || !s.Read && !s.Write {
			return Term{}, false
		}
	}
	return m.assemble(m.find(p), p, size), true
}

// Poke changes the byte at an address as the kernel does, and reports false
// where it can't.
func (m *Memory) Poke(address, b Term) bool {
	p := locate(address)
	s := m.find(p)
	if s == nil || !s.Write {
		return false
	}
	m.put(p, Byte{Of: b})
	return true
}

// Scatter makes size bytes from an address on what an argument of a system
// call may have written there. Any of them may still be as before; unless full
// is set: then they are unknown altogether. Count is how many it has written, from
// the first on, or an error number; a term of no width if that is not known.
func (m *Memory) Scatter(address Term, size int64, call, argument int, full bool, count Term) {
	l := &layer{writer: &writer{call, argument, full, count}, start: locate(address), size: size}
	below := m.top
	for full && below.below != nil && l.hides(below) {
		below = below.below
	}
	l.below = below
	m.top = l
}

// hides reports whether nothing of another layer below can be seen.
func (l *layer) hides(other *layer) bool {
	if other.writer != nil {
		return other.start == l.start && other.size <= l.size
	}
	if x := other.indexed; x != nil {
		return x.region.Base.node == l.start.base && l.start.offset <= x.region.Low && x.region.High <= l.start.offset+l.size
	}
	hidden := true
	other.each(func(p place, _ Byte) { hidden = hidden && l.covers(p) })
	return hidden
}

// Change is a part of memory that is not as it was at first: a byte, or what a
// system call may have written.
type Change struct {
	Base   Term // with Offset, the address
	Offset int64
	Byte   Byte  // if Size is 0
	Size   int64 // bytes that the system call may have written
	Call   int
	Arg    int
	Full   bool // the bytes are unknown altogether
}

// Changes returns all that was written and can still be read, the latest first
// and within one run of writes in order of addresses.
func (m *Memory) Changes() []Change {
	var list []Change
	seen := map[place]bool{}
	var full []*layer
	for l := m.top; l != nil; l = l.below {
		if w := l.writer; w != nil {
			base := Term{node: l.start.base}
			list = append(list, Change{Base: base, Offset: l.start.offset, Size: l.size, Call: w.call, Arg: w.argument, Full: w.full})
			if w.full {
				full = append(full, l)
			}
			continue
		}
		start := len(list)
		l.each(func(p place, b Byte) {
			if seen[p] || slices.ContainsFunc(full, func(f *layer) bool { return f.covers(p) }) {
				return
			}
			seen[p] = true
			list = append(list, Change{Base: Term{node: p.base}, Offset: p.offset, Byte: b})
		})
		slices.SortFunc(list[start:], func(a, b Change) int {
			return cmp.Or(cmp.Compare(a.Base.order(), b.Base.order()), cmp.Compare(a.Offset, b.Offset))
		})
	}
	return list
}

// order returns a number that is different for different unknown parts.
func (x Term) order() int64 {
	if x.node == nil {
		return -1
	}
	return int64(x.node.id)
}

// Written reports whether any of size bytes at an address, at most a chunk of
// them, was or may have been written since the memory was mapped.
func (m *Memory) Written(address Term, size int) bool {
	p := locate(address)
	start, i := chunkOf(p)
	for l := m.top; l != nil; l = l.below {
		if l.writer != nil {
			if l.start.base == p.base && p.offset < l.start.offset+l.size && l.start.offset < p.offset+int64(size) {
				return true
			}
			continue
		}
		if l.indexed != nil {
			if l.indexed.region.meets(p.base, p.offset, p.offset+int64(size)) {
				return true
			}
			continue
		}
		if c := l.chunks[start]; c != nil && c.written>>i&(1<<min(size, chunkSize-i)-1) != 0 {
			return true
		}
		if i+size > chunkSize {
			if c := l.chunks[place{start.base, start.offset + chunkSize}]; c != nil && c.written&(1<<(i+size-chunkSize)-1) != 0 {
				return true
			}
		}
	}
	return false
}

// Fetch reads up to len(code) bytes of an instruction. It returns how many
// bytes can be executed and are known, and the segment of the first, nil if
// there is none.
func (m *Memory) Fetch(address Term, code []byte) (n int, first *Segment) {
	p := locate(address)
	for n < len(code) {
		s := m.find(p)
		if s == nil || !s.Execute {
			break
		}
		if first == nil {
			first = s
		}
		b := m.byteAt(m.top, s, p).term(m.terms)
		if b.node != nil {
			break
		}
		code[n] = byte(b.value)
		n++
		p.offset++
	}
	return n, first
}
