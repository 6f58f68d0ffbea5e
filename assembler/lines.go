package assembler

import (
	"bytes"
	"slices"

	"tasm/lang"
	"tasm/program"
)

// line is one statement and what the passes have learnt of it.
type line struct {
	statement *lang.Statement
	// settled lines have the same bytes in every pass; sized ones the same size.
	settled, sized bool
	size           int64
	fragment       *program.Fragment // of a settled line
}

// inert reports whether all that the line does to a pass is to take room, the
// same in every pass.
func (l *line) inert() bool {
	if l.statement.Label != nil {
		return false
	}
	switch l.statement.Body.(type) {
	case nil:
		return true // nothing at all, or settled bytes
	case *lang.Instruction, *lang.Data, *lang.Reserve, *lang.Incbin, *lang.Align, *lang.Syscall:
		return l.settled || l.sized
	}
	return false
}

// lineStore keeps lines and what goes with them in chunks: a source has hundreds
// of thousands of them.
type lineStore struct {
	chunks    [][]line
	fragments []program.Fragment // still to be handed out, from the end on
	places    []lang.Statement
	open      *line // the last line, if bytes of the next can be added to it
}

const storeChunk = 256

// add returns a new line.
func (s *lineStore) add(st *lang.Statement) *line {
	n := len(s.chunks)
	if n == 0 || len(s.chunks[n-1]) == storeChunk {
		s.chunks = append(s.chunks, make([]line, 0, storeChunk))
		n++
	}
	last := &s.chunks[n-1]
	*last = append(*last, line{statement: st})
	return &(*last)[len(*last)-1]
}

// settle keeps the fragment that l has in every pass.
func (s *lineStore) settle(l *line, f program.Fragment) {
	if len(s.fragments) == 0 {
		s.fragments = make([]program.Fragment, storeChunk)
	}
	last := len(s.fragments) - 1
	l.fragment, l.settled = &s.fragments[last], true
	*l.fragment = f
	s.fragments = s.fragments[:last]
}

// drop forgets the line added last, and its fragment.
func (s *lineStore) drop() {
	last := &s.chunks[len(s.chunks)-1]
	*last = (*last)[:len(*last)-1]
	s.fragments = s.fragments[:len(s.fragments)+1]
}

// all goes over the lines.
func (s *lineStore) all(yield func(*line) bool) {
	for _, chunk := range s.chunks {
		for i := range chunk {
			if !yield(&chunk[i]) {
				return
			}
		}
	}
}

// joins reports whether nobody asks which statement a byte comes from, so that
// bytes without fixups that follow one another may stand in one fragment.
func (a *assembler) joins() bool {
	return (a.opts.Flat || a.opts.Object != nil) && !a.opts.Instructions && !a.opts.Lines
}

// joinable reports whether f consists of bytes alone.
func joinable(f *program.Fragment) bool {
	return len(f.Fixups) == 0 && f.Bytes != nil && (f.Kind == program.Code || f.Kind == program.Data) &&
		f.Size > 0 && f.Repeat > 0 && f.Repeat <= maxJoined/f.Size
}

// join adds the bytes of l to the line before it, if both are settled bytes and
// nothing else. A source has many such lines, and what is left of them is small.
func (a *assembler) join(l *line) bool {
	last, f := a.lines.open, l.fragment
	a.lines.open = nil
	if !l.settled || l.statement.Label != nil || !a.joins() || !joinable(f) {
		return false
	}
	if last == nil || last.fragment.Kind != f.Kind || last.size+l.size > maxJoined {
		a.lines.open = l
		return false
	}
	*last.fragment = joined(*last.fragment, f)
	last.size += l.size
	if a.pass == 1 {
		a.current.count--
	}
	a.lines.drop()
	a.lines.open = last
	return true
}

// bare leaves of a line that is settled bytes and nothing else only its place: its
// syntax tree is not needed any longer.
func (a *assembler) bare(l *line) bool {
	if !l.settled || l.statement.Label != nil || !a.joins() || a.final {
		return false
	}
	if len(a.lines.places) == 0 {
		a.lines.places = make([]lang.Statement, storeChunk)
	}
	place := &a.lines.places[0]
	a.lines.places = a.lines.places[1:]
	place.Range, place.Expansion = l.statement.Range, l.statement.Expansion
	l.statement, l.fragment.Source = place, place
	return true
}

// joined returns a fragment of the bytes of two. It may write behind the bytes
// of the first.
func joined(first program.Fragment, second *program.Fragment) program.Fragment {
	b := first.Bytes
	if first.Repeat != 1 {
		b = bytes.Repeat(b, int(first.Repeat))
	}
	if more := len(second.Bytes) * int(second.Repeat); more > cap(b)-len(b) {
		b = slices.Grow(b, max(more, len(b))) // by half is too often
	}
	for range second.Repeat {
		b = append(b, second.Bytes...)
	}
	first.Bytes, first.Size, first.Repeat, first.Form = b, int64(len(b)), 1, nil
	return first
}
