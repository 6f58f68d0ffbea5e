// Package record keeps what a layout has answered, so that the answer need not be
// searched for again: as bytes that mean the same beside the same program.
package record

import (
	"encoding/json"
	"errors"
	"fmt"

	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/program"
)

// answer is a layout.File and its messages. What belongs to the program is named by
// its place there.
type answer struct {
	Bytes    []byte
	Parts    []part
	Entry    uint64
	Class    elf.Class
	Report   *layout.Report
	Sections []section
	Messages []*diag.Message
}

type part struct {
	Offset, Size int64
	Address      uint64
	Kind         layout.PartKind
	Field        *elf.FieldID `json:",omitempty"`
	Index        int          `json:",omitempty"`
	Section      *int         `json:",omitempty"`
	Fragment     *place       `json:",omitempty"`
	Source       *place       `json:",omitempty"` // a fragment that the statement asked for
	Why          string       `json:",omitempty"`
}

type section struct {
	Section int
	Address uint64
}

// place is a fragment by the index of its section and its own.
type place struct{ Section, Fragment int }

// places are the parts of a program by their addresses in memory.
type places struct {
	sections   map[*program.Section]int
	fragments  map[*program.Fragment]place
	statements map[*lang.Statement]place
}

func placesOf(p *program.Program) *places {
	at := &places{map[*program.Section]int{}, map[*program.Fragment]place{}, map[*lang.Statement]place{}}
	for i, s := range p.Sections {
		at.sections[s] = i
		for j := range s.Fragments {
			f := &s.Fragments[j]
			at.fragments[f] = place{i, j}
			if _, known := at.statements[f.Source]; !known && f.Source != nil {
				at.statements[f.Source] = place{i, j}
			}
		}
	}
	return at
}

// Encode writes a file that was laid out of p, and what was said of it. It reports
// false where the file has to do with something that p does not hold.
func Encode(p *program.Program, file *layout.File, messages *diag.Bag) ([]byte, bool) {
	at := placesOf(p)
	a := answer{Bytes: file.Bytes, Entry: file.Entry, Class: file.Class, Report: file.Report, Messages: messages.Messages()}
	for _, s := range file.Sections {
		i, known := at.sections[s.Section]
		if !known {
			return nil, false
		}
		a.Sections = append(a.Sections, section{i, s.Address})
	}
	for i := range file.Parts {
		encoded, ok := at.encode(&file.Parts[i])
		if !ok {
			return nil, false
		}
		a.Parts = append(a.Parts, encoded)
	}
	data, err := json.Marshal(a)
	return data, err == nil
}

func (at *places) encode(p *layout.Part) (part, bool) {
	out := part{Offset: p.Offset, Size: p.Size, Address: p.Address, Kind: p.Kind, Index: p.Index, Why: p.Why}
	ok := true
	if p.Field != nil {
		out.Field = &p.Field.ID
	}
	if p.Section != nil {
		i, known := at.sections[p.Section]
		out.Section, ok = &i, known
	}
	if p.Fragment != nil {
		f, known := at.fragments[p.Fragment]
		out.Fragment, ok = &f, ok && known
	}
	if p.Source != nil {
		f, known := at.statements[p.Source]
		out.Source, ok = &f, ok && known
	}
	return out, ok
}

// errForeign says that a record is not one of this program.
var errForeign = errors.New("the record is of another program")

// Decode reads what Encode has written of the same program.
func Decode(p *program.Program, data []byte) (*layout.File, *diag.Bag, error) {
	if len(data) == 0 {
		return nil, nil, errForeign
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, nil, fmt.Errorf("record: %w", err)
	}
	if len(a.Bytes) == 0 || a.Report == nil || a.Class != elf.Class32 && a.Class != elf.Class64 {
		return nil, nil, errForeign
	}
	file := &layout.File{Bytes: a.Bytes, Entry: a.Entry, Class: a.Class, Report: a.Report}
	for _, s := range a.Sections {
		if s.Section < 0 || s.Section >= len(p.Sections) {
			return nil, nil, errForeign
		}
		file.Sections = append(file.Sections, layout.SectionAddress{Section: p.Sections[s.Section], Address: s.Address})
	}
	for i := range a.Parts {
		decoded, err := a.Parts[i].decode(p, int64(len(a.Bytes)))
		if err != nil {
			return nil, nil, err
		}
		file.Parts = append(file.Parts, decoded)
	}
	messages := &diag.Bag{}
	for _, m := range a.Messages {
		messages.Add(m)
	}
	return file, messages, nil
}

// decode checks all that a reader of the part would rely on.
func (r *part) decode(p *program.Program, size int64) (layout.Part, error) {
	out := layout.Part{Offset: r.Offset, Size: r.Size, Address: r.Address, Kind: r.Kind, Index: r.Index, Why: r.Why}
	ok := 0 <= r.Offset && r.Offset <= size && 0 <= r.Size && r.Size <= size-r.Offset && r.Kind <= layout.DataPart
	if r.Field != nil {
		if *r.Field >= elf.NumFields {
			return out, errForeign
		}
		out.Field = &elf.Fields[*r.Field]
	}
	if r.Section != nil {
		if *r.Section < 0 || *r.Section >= len(p.Sections) {
			return out, errForeign
		}
		out.Section = p.Sections[*r.Section]
	}
	var err error
	if out.Fragment, err = r.Fragment.in(p); err != nil {
		return out, err
	}
	statement, err := r.Source.in(p)
	if err != nil {
		return out, err
	}
	if statement != nil {
		out.Source = statement.Source
	}
	switch {
	case r.Kind == layout.HeaderPart && out.Field == nil, r.Kind == layout.FragmentPart && (out.Section == nil || out.Fragment == nil):
		ok = false
	}
	if !ok {
		return out, errForeign
	}
	return out, nil
}

// in returns the fragment; nil for none.
func (f *place) in(p *program.Program) (*program.Fragment, error) {
	if f == nil {
		return nil, nil
	}
	if f.Section < 0 || f.Section >= len(p.Sections) || f.Fragment < 0 || f.Fragment >= len(p.Sections[f.Section].Fragments) {
		return nil, errForeign
	}
	return &p.Sections[f.Section].Fragments[f.Fragment], nil
}
