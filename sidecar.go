package tasm

import (
	"cmp"
	"slices"

	"tasm/object"
	objectelf "tasm/object/elf"
	"tasm/symbols"
)

// Sidecar returns a file for debuggers with the labels and line numbers of an
// executable that has no room for them, as those laid out by pack and golf. Of a
// program that was rewritten it knows the statements that were kept; it is nil where
// none was.
func (r *Result) Sidecar(source string, debug *object.Debug) []byte {
	table := symbols.New(r.File, r.Program, r.Files)
	s := objectelf.Sidecar{Bits: r.Program.Bits, Entry: r.File.Entry, Source: source, Debug: r.debug(debug)}
	s.Low = r.File.Entry
	for i := range r.File.Parts {
		part := &r.File.Parts[i]
		s.Low, s.High = min(s.Low, part.Address), max(s.High, part.Address+uint64(part.Size))
	}
	for _, l := range table.Labels() {
		s.Labels = append(s.Labels, objectelf.Mark{Address: l.Address, Name: l.Name})
	}
	for _, a := range table.Statements() {
		at := table.At(a)
		if at == nil {
			continue
		}
		s.Lines = append(s.Lines, objectelf.Mark{Address: a, Name: at.File, Line: at.Number})
		// Behind it the line is another one, or none: DWARF has number 0 for that.
		end := a
		for ; end < s.High; end++ {
			if now := table.At(end); now == nil || now.Line != at.Line {
				break
			}
		}
		s.Lines = append(s.Lines, objectelf.Mark{Address: end, Name: at.File})
	}
	// Where a statement follows at once, its line is what counts.
	slices.SortStableFunc(s.Lines, func(a, b objectelf.Mark) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(b.Line, a.Line))
	})
	s.Lines = slices.CompactFunc(s.Lines, func(a, b objectelf.Mark) bool { return a.Address == b.Address && a.Line == 0 })
	if len(s.Lines) == 0 {
		return nil
	}
	for i := range s.Labels {
		l := &s.Labels[i]
		l.Data = !slices.ContainsFunc(s.Lines, func(m objectelf.Mark) bool { return m.Address == l.Address && m.Line > 0 })
	}
	return s.Bytes()
}
