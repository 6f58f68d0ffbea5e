// Package symbols tells which line of the source an address of a program belongs
// to, and which label stands there or before it. It serves whoever shows a running
// program to people.
package symbols

import (
	"cmp"
	"fmt"
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/program"
)

// Table knows the addresses of one file.
type Table struct {
	files  *diag.Files
	ranges []span   // in order of address
	labels []Label  // in order of address
	spaces []extent // sections, in order of address
}

// span is a run of addresses that belong to one statement.
type span struct {
	low, high uint64
	statement *lang.Statement
}

// extent is where a section lies.
type extent struct {
	low, high uint64
	section   *program.Section
}

// Label is a label and its address.
type Label struct {
	Name    string
	Address uint64
	Range   diag.Range // of its definition
}

// Line is a line of a source file, counted from 1.
type Line struct {
	File   string
	Number int
}

// Statement is what the source says of an address.
type Statement struct {
	Line
	Text  string     // the whole line
	Range diag.Range // of the statement
	// Expansion is the chain of macro calls that the statement comes from, or nil.
	Expansion *lang.Expansion
}

// New returns the table of a file that was made of a program. Of a file in which
// the program was rewritten it knows the statements that were kept.
func New(f *layout.File, p *program.Program, files *diag.Files) *Table {
	t := &Table{files: files}
	at := map[*lang.Statement]uint64{}
	for i := range f.Parts {
		part := &f.Parts[i]
		s := part.Source
		if s == nil && part.Fragment != nil {
			s = part.Fragment.Source
		}
		begins := s != nil // and with it a label before it
		if !begins && len(part.Also) > 0 {
			s = part.Also[0]
		}
		if s == nil || s.Range.IsZero() || part.Size == 0 {
			continue
		}
		t.ranges = append(t.ranges, span{part.Address, part.Address + uint64(part.Size), s})
		if _, known := at[s]; !known && begins {
			at[s] = part.Address
		}
	}
	slices.SortStableFunc(t.ranges, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	for _, s := range f.Sections {
		t.spaces = append(t.spaces, extent{s.Address, s.Address + uint64(s.Section.Size), s.Section})
	}
	slices.SortStableFunc(t.spaces, func(a, b extent) int { return cmp.Compare(a.low, b.low) })
	for _, s := range p.Symbols {
		if address, ok := t.find(p, s, at); ok {
			t.labels = append(t.labels, Label{s.Name, address, s.Range})
		}
	}
	slices.SortStableFunc(t.labels, func(a, b Label) int { return cmp.Compare(a.Address, b.Address) })
	return t
}

// find returns the address of a symbol that is a label.
func (t *Table) find(p *program.Program, s *program.Symbol, at map[*lang.Statement]uint64) (uint64, bool) {
	terms := s.Value.Terms()
	if s.Equ || len(terms) != 1 || terms[0].Kind != lang.SegmentTerm || terms[0].Coef != 1 {
		return 0, false
	}
	id := lang.SegmentID(terms[0].ID)
	for _, e := range t.spaces {
		if e.section.ID == id {
			return e.low + uint64(s.Value.N), true
		}
	}
	section := p.Section(id)
	if section == nil {
		return 0, false
	}
	for i := range section.Fragments {
		f := &section.Fragments[i]
		if f.Offset == s.Value.N && f.Source != nil {
			address, ok := at[f.Source]
			return address, ok
		}
	}
	return 0, false
}

// Files returns the sources.
func (t *Table) Files() *diag.Files { return t.files }

// At returns the statement that an address belongs to, nil if none does.
func (t *Table) At(address uint64) *Statement {
	// Parts may overlap: the one that begins last is the narrowest.
	i, _ := slices.BinarySearchFunc(t.ranges, address+1, func(s span, a uint64) int { return cmp.Compare(s.low, a) })
	for i--; i >= 0 && i < len(t.ranges); i-- {
		if s := &t.ranges[i]; address < s.high {
			return t.statement(s.statement)
		}
		if t.ranges[i].low+longest < address {
			break
		}
	}
	return nil
}

// longest is how far behind its beginning an overlapping part is looked for.
const longest = 1 << 16

func (t *Table) statement(s *lang.Statement) *Statement {
	p := t.files.Position(s.Range)
	return &Statement{Line{p.File, p.Line}, p.Text, s.Range, s.Expansion}
}

// Labels returns the labels in order of their addresses. The caller must not
// change the slice.
func (t *Table) Labels() []Label { return t.labels }

// Address returns the address of a label.
func (t *Table) Address(name string) (uint64, bool) {
	for _, l := range t.labels {
		if l.Name == name {
			return l.Address, true
		}
	}
	return 0, false
}

// Line returns the lowest address that belongs to a line of the main source, or of
// the file with a name unless that is "".
func (t *Table) Line(file string, number int) (uint64, bool) {
	for i := range t.ranges {
		p := t.files.Position(t.ranges[i].statement.Range)
		if p.Line == number && (file == "" || file == p.File) {
			return t.ranges[i].low, true
		}
	}
	return 0, false
}

// Span is a run of addresses that belong to a statement in a line.
type Span struct {
	Low, High uint64 // High is behind the last one
	Line      Line
}

// Spans returns the runs of addresses that belong to statements of a file, in order of
// address.
func (t *Table) Spans(file string) []Span {
	var list []Span
	for i := range t.ranges {
		s := &t.ranges[i]
		if p := t.files.Position(s.statement.Range); p.File == file {
			list = append(list, Span{s.low, s.high, Line{p.File, p.Line}})
		}
	}
	return list
}

// Lines returns the text of a file line by line, nil if the program has none of it.
func (t *Table) Lines(file string) []string {
	for i := range t.ranges {
		id := t.ranges[i].statement.Range.File
		if t.files.Name(id) != file {
			continue
		}
		lines := make([]string, t.files.Lines(id))
		for n := range lines {
			lines[n] = t.files.Line(id, n+1)
		}
		return lines
	}
	return nil
}

// Section returns the section that holds an address, nil if none does.
func (t *Table) Section(address uint64) *program.Section {
	for _, e := range t.spaces {
		if address >= e.low && address < e.high {
			return e.section
		}
	}
	return nil
}

// Extent returns the addresses of the section that holds an address; both are 0
// where none does.
func (t *Table) Extent(address uint64) (low, high uint64) {
	for _, e := range t.spaces {
		if address >= e.low && address < e.high {
			return e.low, e.high
		}
	}
	return 0, 0
}

// Name describes an address by the label at it or before it in the same section,
// "msg" or "msg+4"; "" where there is none.
func (t *Table) Name(address uint64) string {
	i, _ := slices.BinarySearchFunc(t.labels, address+1, func(l Label, a uint64) int { return cmp.Compare(l.Address, a) })
	if i == 0 {
		return ""
	}
	l := t.labels[i-1]
	// Of several labels at one place the first was written first.
	for i > 1 && t.labels[i-2].Address == l.Address {
		i--
		l = t.labels[i-1]
	}
	switch offset := address - l.Address; {
	case offset == 0:
		return l.Name
	case t.Section(address) != nil && t.Section(address) == t.Section(l.Address), t.At(address) != nil && offset < longest:
		return fmt.Sprintf("%s+%d", l.Name, offset)
	}
	return ""
}

// Statements returns the addresses at which statements of code begin, with the
// statement of each, in order of address.
func (t *Table) Statements() []uint64 {
	var list []uint64
	for _, s := range t.ranges {
		if isCode(s.statement) {
			list = append(list, s.low)
		}
	}
	return list
}

// IsCode reports whether the statement that an address belongs to is an instruction.
func (t *Table) IsCode(address uint64) bool {
	for i := range t.ranges {
		if s := &t.ranges[i]; address >= s.low && address < s.high {
			if isCode(s.statement) {
				return true
			}
		}
	}
	return false
}

func isCode(s *lang.Statement) bool {
	switch s.Body.(type) {
	case *lang.Instruction, *lang.Syscall:
		return true
	}
	return false
}
