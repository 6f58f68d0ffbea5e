package assembler

import (
	"encoding/binary"
	"unsafe"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// line is the statement at hand and what the passes have learnt of it.
type line struct {
	statement *lang.Statement
	// settled lines have the same bytes in every pass; sized ones the same size.
	settled, sized bool
	size           int64
	fragment       program.Fragment // of a settled line
}

// keptLine is what a pass leaves of a line for the next. A source has hundreds of
// thousands of them.
type keptLine struct {
	size  int64  // bytes that it makes, where it is sized
	at    uint32 // of what it consists of, in the store
	form  keptForm
	sized bool
	// roomy lines do nothing but take room.
	roomy bool
}

// inert reports whether all that the line does to a pass is to take room, the
// same in every pass.
func (k *keptLine) inert() bool { return k.sized && k.roomy }

// keptForm is what a line is kept as.
type keptForm uint8

const (
	keptBytes  keptForm = iota // bytes alone, with the place of the first statement that asked for them
	keptPacked                 // a packed statement
	keptWhole                  // a statement as it is: at is its index
)

// lineStore keeps the lines of a source between passes.
type lineStore struct {
	chunks     [][]keptLine
	texts      [][]byte          // bytes and packed statements, one behind the other
	expansions []*lang.Expansion // that texts refer to
	wholes     []*lang.Statement
	open       *keptLine // the last line, if bytes of the next can be added to it

	nodes   lang.Nodes // of the line that has been unpacked last
	scratch []byte
}

const (
	storeChunk = 1024
	textChunk  = 1 << 16
)

// keep adds l to the lines of the store. It reports whether it holds on to the statement.
func (s *lineStore) keep(l *line, joins bool) (held bool) {
	st := l.statement
	if l.settled && joins && joinable(&l.fragment) && len(l.fragment.Fixups) == 0 {
		if st.Label != nil {
			s.keepStatement(&line{statement: &lang.Statement{Range: st.Range, Expansion: st.Expansion, Label: st.Label}})
		}
		s.keepBytes(&l.fragment, st)
		return false
	}
	return s.keepStatement(l)
}

// keepBytes keeps the bytes of a settled line, as one line with settled bytes before it.
func (s *lineStore) keepBytes(f *program.Fragment, st *lang.Statement) {
	size := int(f.Size * f.Repeat)
	last := len(s.texts) - 1
	if s.open == nil || len(s.texts[last])+size > textChunk {
		b := s.begin(st)
		for _, n := range []int32{int32(st.Range.File), st.Range.Start, st.Range.End} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		s.scratch = b
		at, _ := s.put(b, size)
		s.open = s.add(keptLine{at: at, form: keptBytes, sized: true, roomy: true})
		last = len(s.texts) - 1
	}
	for range f.Repeat {
		s.texts[last] = append(s.texts[last], f.Bytes...)
	}
	s.open.size += int64(size)
}

// keepStatement keeps a line whose bytes may change.
func (s *lineStore) keepStatement(l *line) (held bool) {
	s.open = nil
	k := keptLine{size: l.size, form: keptPacked, sized: l.sized || l.settled, roomy: roomy(l.statement)}
	b, packed := lang.AppendPacked(s.begin(l.statement), l.statement)
	s.scratch = b
	if packed {
		k.at, packed = s.put(b, 0)
	}
	if !packed {
		k.form, k.at = keptWhole, uint32(len(s.wholes))
		s.wholes = append(s.wholes, l.statement)
	}
	s.add(k)
	return !packed
}

// roomy reports whether a statement does nothing but take room.
func roomy(st *lang.Statement) bool {
	if st.Label != nil {
		return false
	}
	switch st.Body.(type) {
	case nil, *lang.Instruction, *lang.Data, *lang.Reserve, *lang.Incbin, *lang.Align, *lang.Syscall:
		return true
	}
	return false
}

// begin starts what is put into texts with the calls that a statement comes from.
func (s *lineStore) begin(st *lang.Statement) []byte {
	n := len(s.expansions)
	if e := st.Expansion; e == nil {
		n = 0
	} else if n == 0 || s.expansions[n-1] != e {
		s.expansions = append(s.expansions, e)
		n++
	}
	return binary.AppendUvarint(s.scratch[:0], uint64(n))
}

// put adds b to the texts, with room for some more bytes behind it. It reports false if
// there is too much of it.
func (s *lineStore) put(b []byte, more int) (at uint32, ok bool) {
	if len(b) > textChunk {
		return 0, false
	}
	n := len(s.texts) - 1
	if n < 0 || len(s.texts[n])+len(b)+more > textChunk {
		s.texts = append(s.texts, make([]byte, 0, max(textChunk, len(b)+more)))
		n++
	}
	at = uint32(n*textChunk + len(s.texts[n]))
	s.texts[n] = append(s.texts[n], b...)
	return at, true
}

func (s *lineStore) add(k keptLine) *keptLine {
	n := len(s.chunks)
	if n == 0 || len(s.chunks[n-1]) == storeChunk {
		s.chunks = append(s.chunks, make([]keptLine, 0, storeChunk))
		n++
	}
	last := &s.chunks[n-1]
	*last = append(*last, k)
	return &(*last)[len(*last)-1]
}

// all goes over the lines.
func (s *lineStore) all(yield func(*keptLine) bool) {
	for _, chunk := range s.chunks {
		for i := range chunk {
			if !yield(&chunk[i]) {
				return
			}
		}
	}
}

// recall makes of k the line that has been kept. Its nodes are good until the next call
// unless they are kept.
func (s *lineStore) recall(k *keptLine, l *line) {
	*l = line{size: k.size, sized: k.sized}
	if k.form == keptWhole {
		l.statement = s.wholes[k.at]
		return
	}
	s.nodes.Release()
	b := s.texts[k.at/textChunk][k.at%textChunk:]
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return n
	}
	var by *lang.Expansion
	if n := number(); n > 0 {
		by = s.expansions[n-1]
	}
	if k.form == keptPacked {
		l.statement = s.nodes.Unpack(b)
		l.statement.Expansion = by
		return
	}
	st := s.nodes.Statements.Node()
	st.Range = diag.Range{File: diag.FileID(number()), Start: int32(number()), End: int32(number())}
	st.Expansion = by
	l.statement, l.settled = st, true
	l.fragment = program.Fragment{Kind: program.Data, Repeat: 1, Bytes: b[:k.size:k.size], Size: k.size, Source: st}
}

// joins reports whether nobody asks which statement a byte comes from, so that what
// follows one another may stand in one fragment.
func (a *assembler) joins() bool {
	return (a.opts.Flat || a.opts.Object != nil) && !a.opts.Instructions && !a.opts.Lines && !a.tracing()
}

// joinable reports whether f is bytes of its own, and not too many, to which others may
// be added: it has no field that differs from repetition to repetition.
func joinable(f *program.Fragment) bool {
	return (f.Kind == program.Code || f.Kind == program.Data) && f.Bytes != nil && f.Size > 0 &&
		f.Repeat > 0 && f.Repeat <= maxJoined/f.Size && (f.Repeat == 1 || len(f.Fixups) == 0)
}

// arena hands out small pieces of large allocations; nothing is given back.
type arena[T any] struct{ used []T }

// The sizes of an arena's allocations: each is twice as large as the one before.
const (
	smallestRoom = 64
	largestRoom  = 1 << 16 // of bytes; of fixups fewer
)

// append returns list and more behind it. Where it fits, list is not copied.
func (a *arena[T]) append(list, more []T) []T {
	if len(list)+len(more) == 0 {
		return nil
	}
	if len(more) > cap(a.used)-len(a.used) || !a.fits(list, len(more)) {
		if need := len(list) + len(more); need > cap(a.used)-len(a.used) {
			var one T
			most := largestRoom / int(unsafe.Sizeof(one))
			a.used = make([]T, 0, max(min(2*cap(a.used), most), smallestRoom, need))
		}
		a.used = append(a.used, list...)
	}
	a.used = append(a.used, more...)
	n := len(a.used)
	return a.used[n-len(list)-len(more) : n : n]
}

// fits reports whether there is room for n more behind list, a piece of the arena.
func (a *arena[T]) fits(list []T, n int) bool {
	if len(list) == 0 {
		return true
	}
	last := len(a.used) - 1
	return last >= 0 && &list[len(list)-1] == &a.used[last] && n <= cap(a.used)-len(a.used)
}
