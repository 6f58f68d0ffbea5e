package tasm

import (
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
		if at := table.At(a); at != nil {
			s.Lines = append(s.Lines, objectelf.Mark{Address: a, Name: at.File, Line: at.Number})
		}
	}
	if len(s.Lines) == 0 {
		return nil
	}
	return s.Bytes()
}
