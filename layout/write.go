package layout

import (
	"tasm/diag"
	"tasm/layout/elf"
	"tasm/program"
)

// writer puts sections into a file whose size and addresses are settled.
type writer struct {
	file      *File
	addresses addresses
	messages  *diag.Bag
	// judge says what this kind of file makes of the value v in fixup f: nil
	// where the field can hold it.
	judge func(f *program.Fixup, v uint64) *diag.Message
}

// alloc makes the file's bytes, or says that there would be too many.
func (w *writer) alloc(size int64, opts Options) bool {
	if size < 0 || size > opts.maxSize() {
		w.messages.Add(tooLarge(w.addresses.program, size, opts.maxSize()))
		return false
	}
	w.file.Bytes = make([]byte, size)
	n := 0
	for _, s := range w.addresses.program.Sections {
		n += len(s.Fragments)
	}
	w.file.Parts = make([]Part, 0, n+64)
	return true
}

// tooLarge complains of the file's size at the statement that adds most to it.
func tooLarge(p *program.Program, size, limit int64) *diag.Message {
	var at diag.Range
	var most int64
	for _, s := range p.Sections {
		if s.Flags&program.NoBits != 0 {
			continue
		}
		at = at.To(s.Range)
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if n := f.Repeat * f.Size; f.Source != nil && n > most {
				at, most = f.Source.Range, n
			}
		}
	}
	m := diag.Errorf(at, "the file would be larger than %s", bytesOf(limit))
	if size >= 0 {
		m = diag.Errorf(at, "the file would be %s large, which is more than %s", bytesOf(size), bytesOf(limit))
	}
	if most > 0 {
		m.Notef("this statement alone makes %s", bytesOf(most))
	}
	return m
}

// pad says why the bytes from offset on are zero.
func (w *writer) pad(offset, size int64, address uint64, why string) {
	if size > 0 {
		w.file.Parts = append(w.file.Parts, Part{Offset: offset, Size: size, Address: address, Kind: PaddingPart, Why: why})
	}
}

// section writes the contents of s to the file at offset.
func (w *writer) section(s *program.Section, offset int64, address uint64) {
	out := w.file.Bytes[offset : offset+s.Size]
	for i := range s.Fragments {
		f := &s.Fragments[i]
		total := f.Size * f.Repeat
		if total == 0 {
			continue
		}
		w.fragment(f, out[f.Offset:f.Offset+total], address+uint64(f.Offset))
		w.file.Parts = append(w.file.Parts, Part{
			Offset: offset + f.Offset, Size: total, Address: address + uint64(f.Offset),
			Kind: FragmentPart, Section: s, Fragment: f,
		})
	}
}

// fragment writes all repetitions of f to out, its place in the file.
func (w *writer) fragment(f *program.Fragment, out []byte, address uint64) {
	done := int64(copy(out, f.Bytes))
	if done > 0 && f.Repeat > 1 {
		// Every copy doubles what is there.
		for done = f.Size; done < int64(len(out)); done *= 2 {
			copy(out[done:], out[:done])
		}
	}
	if len(f.Fixups) == 0 {
		return
	}
	for at := int64(0); at < int64(len(out)); at += f.Size {
		good := true
		for i := range f.Fixups {
			fix := &f.Fixups[i]
			v, m := w.addresses.field(fix, address+uint64(at)+uint64(fix.End))
			if m == nil {
				m = w.judge(fix, v)
			}
			if m != nil {
				if f.Source != nil {
					f.Source.Expansion.Note(m)
				}
				w.messages.Add(m)
				good = good && m.Severity != diag.Error
			}
			start := at + int64(fix.Offset)
			putField(out[start:start+int64(fix.Size)], v)
		}
		if !good {
			return // the other repetitions would say it again
		}
	}
}

// nobits warns of contents in a section that has none.
func (w *writer) nobits(s *program.Section) {
	for i := range s.Fragments {
		f := &s.Fragments[i]
		if f.Kind != program.Space && f.Source != nil && f.Size*f.Repeat > 0 {
			w.messages.Add(diag.Warningf("nobits", f.Source.Range,
				"section %s has no contents in the file: what is written here is ignored", s.Name))
		}
	}
}

// header writes a header at offset at, field by field. index counts program headers.
func (w *writer) header(at, index int, kind elf.HeaderKind, v *elf.Values, address uint64) {
	class := w.file.Class
	copy(w.file.Bytes[at:], elf.Encode(class, kind, v))
	for _, f := range class.Fields(kind) {
		offset, size := f.At(class)
		w.file.Parts = append(w.file.Parts, Part{
			Offset: int64(at + offset), Size: int64(size), Address: address + uint64(offset),
			Kind: HeaderPart, Field: f, Index: index,
		})
	}
}
