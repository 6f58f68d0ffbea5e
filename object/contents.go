package object

import (
	"encoding/binary"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// MaxSize is the largest object that is made, in bytes: of contents and of
// relocations, which take up to 24 each.
const MaxSize = 1 << 30

// TooLarge returns an error when an object of p would be larger than MaxSize. It
// is asked before memory is taken.
func TooLarge(p *program.Program) *diag.Message {
	const relocationSize = 24
	var total int64
	for _, s := range p.Sections {
		if s.Flags&program.NoBits != 0 {
			continue
		}
		for i := range s.Fragments {
			f := &s.Fragments[i]
			size := f.Size*f.Repeat + f.Repeat*int64(len(f.Fixups))*relocationSize
			if total += size; size > MaxSize || total > MaxSize {
				at := s.Range
				if f.Source != nil {
					at = f.Source.Range
				}
				return diag.Errorf(at, "the object would be larger than %d bytes", int64(MaxSize)).
					Notef("this statement alone makes %d; what holds only zeros belongs in a section without contents, such as .bss", f.Size*f.Repeat)
			}
		}
	}
	return nil
}

// Contents returns the bytes of s as assembled, nil for a section without any,
// and calls refer for every field that is not a plain number, in order. refer
// returns what belongs in the field until a linker completes it.
func Contents(s *program.Section, refer func(*Reference) (int64, *diag.Message), messages *diag.Bag) []byte {
	if s.Flags&program.NoBits != 0 {
		return nil
	}
	out := make([]byte, s.Size)
	for i := range s.Fragments {
		f := &s.Fragments[i]
		total := f.Size * f.Repeat
		place := out[f.Offset : f.Offset+total]
		for at := int64(0); at < total && len(f.Bytes) > 0; at += f.Size {
			copy(place[at:], f.Bytes)
			for k := range f.Fixups {
				fix := &f.Fixups[k]
				r := Reference{Offset: f.Offset + at + int64(fix.Offset), Fixup: fix, Before: out[:f.Offset+at+int64(fix.Offset)]}
				m := r.resolve(s.PartAt(r.Offset))
				v := r.Addend
				switch {
				case m != nil:
				case r.Relative && r.Segment == s.PartAt(r.Offset) && r.Value.Wrt == 0:
					v -= r.Offset
				case r.Relative || r.Segment != 0:
					v, m = refer(&r)
				}
				if m != nil {
					if f.Source != nil {
						f.Source.Expansion.Note(m)
					}
					messages.Add(m)
					if m.Severity == diag.Error {
						return out
					}
				}
				start := at + int64(fix.Offset)
				put(place[start:start+int64(fix.Size)], v)
			}
		}
	}
	return out
}

// put stores the low bytes of v.
func put(field []byte, v int64) {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(v))
	copy(field, word[:])
}

// resolve takes the fixup's value apart: at most one segment may be added, and
// only the section at hand subtracted, which makes the field relative to its
// own place.
func (r *Reference) resolve(part lang.SegmentID) *diag.Message {
	r.Addend = r.Value.N
	r.Relative = r.Kind == x86.Relative
	r.Selector = r.Kind == x86.Selector
	if r.Relative {
		r.Addend -= r.End()
	}
	for _, t := range r.Value.Terms() {
		switch {
		case t.Kind == lang.SelectorTerm && t.Coef == 1 && r.Segment == 0:
			r.Segment, r.Selector = lang.SegmentID(t.ID), true
		case t.Kind == lang.SegmentTerm && t.Coef == 1 && r.Segment == 0:
			r.Segment = lang.SegmentID(t.ID)
		case t.Kind == lang.SegmentTerm && t.Coef == -1 && lang.SegmentID(t.ID) == part && !r.Relative:
			r.Relative = true
			r.Addend += r.Offset
		default:
			return diag.Errorf(r.Range, "a linker can't compute this: an object's field holds one address, plus a number").
				Notef("a distance can be taken from a place in the same section only")
		}
	}
	return nil
}
