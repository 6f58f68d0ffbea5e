package omf

import "bytes"

// maxContents is how many bytes of contents a record has at most: with its type,
// length and checksum 1,024 and the type itself stay below what linkers take.
const maxContents = 1021

// stream writes records. What does not fit in one record goes on in another of
// the same type, which begins with what head writes.
type stream struct {
	out  *bytes.Buffer
	kind byte
	head func() // writes what every record of the type begins with
	data []byte
	kept int // bytes that need not move to the next record
	// wide is the width in bits of the offsets in the record, 0 for none yet: all
	// have one width, which the lowest bit of the type says.
	wide int
}

// begin makes kind the type of the records that follow.
func (s *stream) begin(kind byte, head func()) {
	s.flush()
	s.kind, s.head = kind, head
}

// flush ends the record, if anything is in it.
func (s *stream) flush() {
	s.commit()
	s.emit()
}

// commit says that what has been written belongs to this record.
func (s *stream) commit() { s.kept = len(s.data) }

// emit writes the record with its length and checksum, without what is not
// committed, which it drops.
func (s *stream) emit() {
	if s.kept > 0 {
		kind := s.kind
		if s.wide == 32 {
			kind |= 1
		}
		length := s.kept + 1
		sum := kind + byte(length) + byte(length>>8)
		for _, b := range s.data[:s.kept] {
			sum += b
		}
		s.out.Write([]byte{kind, byte(length), byte(length >> 8)})
		s.out.Write(s.data[:s.kept])
		s.out.WriteByte(-sum)
	}
	s.data, s.kept, s.wide = nil, 0, 0
}

// next ends the record and begins another one with what is not committed.
func (s *stream) next() {
	rest := s.data[s.kept:]
	s.emit()
	if len(rest) > 0 {
		s.start()
		s.data = append(s.data, rest...)
	}
}

// start writes the head of a record.
func (s *stream) start() {
	if s.head == nil {
		return
	}
	head := s.head
	s.head = nil // it writes as everybody does
	head()
	s.head = head
	s.commit()
}

// room makes sure that n more bytes fit.
func (s *stream) room(n int) {
	if len(s.data)+n > maxContents {
		s.next()
	}
	if s.kept == 0 && len(s.data) == 0 {
		s.start()
	}
}

// bytes appends bytes that stay together.
func (s *stream) bytes(b ...byte) {
	s.room(len(b))
	s.data = append(s.data, b...)
}

func (s *stream) word(n int)    { s.bytes(byte(n), byte(n>>8)) }
func (s *stream) dword(n int64) { s.bytes(byte(n), byte(n>>8), byte(n>>16), byte(n>>24)) }

// setWidth makes the record one for offsets of so many bits.
func (s *stream) setWidth(bits int) {
	if s.wide != 0 && s.wide != bits {
		s.next()
	}
	s.wide = bits
}

// offset appends an offset in the width of the record.
func (s *stream) offset(n int64) {
	if s.kind&1 != 0 {
		s.wide = 32
	}
	if n > 0xffff {
		s.setWidth(32)
	}
	if s.wide == 32 {
		s.dword(n)
		s.wide = 32 // in a new record too
		return
	}
	s.wide = 16
	s.word(int(n))
}

// index appends the number of a name, segment, group or external symbol.
func (s *stream) index(n int) {
	if n < 0x80 {
		s.bytes(byte(n))
		return
	}
	s.bytes(byte(n>>8)|0x80, byte(n))
}

// number appends a number of variable length.
func (s *stream) number(n int64) {
	switch {
	case n <= 128:
		s.bytes(byte(n))
	case n <= 0xffff:
		s.bytes(129)
		s.word(int(n))
	case n <= 0xffffff:
		s.bytes(132, byte(n), byte(n>>8), byte(n>>16))
	default:
		s.bytes(136)
		s.dword(n)
	}
}
