package machine

import "encoding/binary"

// What a run on numbers needs of memory to be fast: chunks found by their address in
// an array, whole values read and written at once, and the bytes marked that are code.

// cell is what a chunk has beside its bytes.
type cell struct {
	// filled are the bytes that were not written and whose initial value is in
	// numbers; it holds as long as epoch is that of the cells.
	filled uint64
	epoch  int
	// code are bytes of instructions that somebody keeps decoded.
	code uint64
}

// cells finds chunks.
type cells struct {
	recent *[cellCount]recentCell
	top    *layer
	epoch  int // of the segments
	wrote  []int64
}

const cellCount = 1 << 10

// recentCell is a chunk that was used before, and what may be done in it.
type recentCell struct {
	chunk       *chunk
	start       int64
	read, write bool
}

// forget is called when segments have changed.
func (c *cells) forget() {
	c.recent = nil
	c.epoch++
}

// wroteCode notes that a byte of code was written.
func (c *cells) wroteCode(at int64) { c.wrote = append(c.wrote, at) }

// at returns the chunk that holds a range of at most 8 bytes, nil where it does not
// lie in one chunk of one segment or where not all of memory is numbers.
func (m *Memory) at(address uint64) *recentCell {
	start := int64(address) &^ (chunkSize - 1)
	if r := m.cells.recent; r != nil && m.cells.top == m.top {
		if c := &r[uint64(start)/chunkSize%cellCount]; c.chunk != nil && c.start == start {
			return c
		}
	}
	return m.findCell(start)
}

func (m *Memory) findCell(start int64) *recentCell {
	if m.top.below != nil || m.top.chunks == nil {
		return nil
	}
	s := m.find(place{nil, start})
	for i := range int64(chunkSize) {
		if s == nil || s.Alone || m.find(place{nil, start + i}) != s {
			return nil
		}
	}
	c := m.chunk(place{nil, start})
	if c.epoch != m.cells.epoch {
		c.epoch, c.filled = m.cells.epoch, 0
	}
	for i := range chunkSize {
		if c.written>>i&1 != 0 {
			continue
		}
		b := s.Initial(start + int64(i))
		if b.Of.node == nil {
			c.numbers[i] = byte(b.Of.value >> (8 * b.Index))
			c.filled |= 1 << i
		}
	}
	if m.cells.recent == nil || m.cells.top != m.top {
		m.cells.recent, m.cells.top = new([cellCount]recentCell), m.top
	}
	r := &m.cells.recent[uint64(start)/chunkSize%cellCount]
	*r = recentCell{c, start, s.Read || s.Write, s.Write}
	return r
}

// quickLoad reads size bytes, and reports false where that takes a closer look.
func (m *Memory) quickLoad(address uint64, size int) (uint64, bool) {
	i := int(address & (chunkSize - 1))
	c := m.at(address)
	if c == nil || !c.read || i+size > chunkSize {
		return 0, false
	}
	bits := uint64(1)<<size - 1
	if ((c.chunk.written|c.chunk.filled)&^c.chunk.unknown)>>i&bits != bits {
		return 0, false
	}
	return binary.LittleEndian.Uint64(c.chunk.numbers[i:]) & mask(uint8(8*size)), true
}

// quickStore writes size bytes and returns what was there; it reports false where that
// takes a closer look, and has written nothing then.
func (m *Memory) quickStore(address, value uint64, size int) (old uint64, ok bool) {
	i := int(address & (chunkSize - 1))
	c := m.at(address)
	if c == nil || !c.write || i+size > chunkSize {
		return 0, false
	}
	bits := (uint64(1)<<size - 1) << i
	k := c.chunk
	if ((k.written|k.filled)&^k.unknown)&bits != bits || k.code&bits != 0 {
		return 0, false
	}
	k.written |= bits
	k.filled &^= bits
	p := k.numbers[i:]
	whole := binary.LittleEndian.Uint64(p)
	m8 := mask(uint8(8 * size))
	binary.LittleEndian.PutUint64(p, whole&^m8|value&m8)
	return whole & m8, true
}

// MarkCode notes that somebody keeps an instruction decoded.
func (m *Memory) MarkCode(address uint64, size int) {
	for i := range int64(size) {
		start, at := chunkOf(place{nil, int64(address) + i})
		m.chunk(start).code |= 1 << at
	}
}

// CodeWritten returns the addresses of marked bytes that were written since it was
// last asked. They are not marked any more.
func (m *Memory) CodeWritten() []int64 {
	if len(m.cells.wrote) == 0 {
		return nil
	}
	list := m.cells.wrote
	for _, at := range list {
		start, i := chunkOf(place{nil, at})
		m.chunk(start).code &^= 1 << i
	}
	m.cells.wrote = nil
	return list
}
