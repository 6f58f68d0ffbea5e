package program

import (
	"cmp"

	"tasm/diag"
	"tasm/lang"
)

// Join makes one program of several that were assembled separately, as a linker
// does: each keeps its sections and its own symbols, and what one declares EXTERN
// is what another declares GLOBAL. What nobody defines stays external, but for
// variables that are COMMON, of which the largest is reserved. The parts must not
// be used any more. The program is nil when the messages hold an error.
func Join(parts []*Program) (*Program, *diag.Bag) {
	messages := &diag.Bag{}
	out := *parts[0]
	out.Sections, out.Symbols, out.Externs, out.Table, out.Lines, out.Image = nil, nil, nil, nil, nil, nil
	globals := map[string]*Symbol{}
	var last lang.SegmentID
	for _, p := range parts {
		first := last
		p.eachValue(func(v *lang.Value) bool {
			return v.Substitute(func(id lang.SegmentID) lang.Value {
				last = max(last, first+id)
				return lang.InSegment(first+id, 0)
			})
		})
		for _, s := range p.Sections {
			s.ID += first
			last = max(last, s.ID)
		}
		for i := range p.Lines {
			if p.Lines[i].Section != 0 {
				p.Lines[i].Section += first
			}
		}
		p.eachInstruction(func(segment *lang.SegmentID) { *segment += first })
		out.add(p, globals, messages)
	}
	out.reserveCommon(globals, last+1)
	out.resolve(globals, messages)
	if messages.Errors() > 0 {
		return nil, messages
	}
	return &out, messages
}

// add takes over what p holds, and notes its global symbols.
func (out *Program) add(p *Program, globals map[string]*Symbol, messages *diag.Bag) {
	for _, s := range p.Symbols {
		switch old := globals[s.Name]; {
		case !s.Global || s.Common:
		case old == nil || old.Weak:
			globals[s.Name] = s
		case !s.Weak:
			messages.Add(diag.Errorf(s.Range, "'%s' is defined in two of the sources", s.Name).
				NoteAt(old.Range, "the other definition is here").
				Notef("declare it GLOBAL in one of them and EXTERN in the other, or in neither, if each has its own"))
		}
	}
	if p.Entry != nil && out.Entry != nil && p.Entry != out.Entry {
		messages.Add(diag.Errorf(p.Entry.Range, "two of the sources name an entry point").
			NoteAt(out.Entry.Range, "the other one is here"))
	}
	out.Entry = cmp.Or(out.Entry, p.Entry)
	out.Sections = append(out.Sections, p.Sections...)
	out.Symbols = append(out.Symbols, p.Symbols...)
	out.Externs = append(out.Externs, p.Externs...)
	out.Table = append(out.Table, p.Table...)
	out.Lines = append(out.Lines, p.Lines...)
	out.Image = append(out.Image, p.Image...)
	if out.Code16.IsZero() {
		out.Code16 = p.Code16
	}
}

// reserveCommon gives the variables that are only COMMON room in a section with
// the number id.
func (out *Program) reserveCommon(globals map[string]*Symbol, id lang.SegmentID) {
	room := &Section{ID: id, Name: ".bss", Flags: Alloc | Write | NoBits, Align: 1}
	for _, s := range out.Symbols {
		if !s.Common || globals[s.Name] != nil && !globals[s.Name].Common {
			continue
		}
		if old := globals[s.Name]; old == nil || old.Size < s.Size {
			globals[s.Name] = s
		}
	}
	kept := out.Symbols[:0]
	for _, s := range out.Symbols {
		if s.Common {
			s.Extern = true
			out.Externs = append(out.Externs, s)
		} else {
			kept = append(kept, s)
		}
	}
	out.Symbols = kept
	for _, x := range out.Externs {
		if s := globals[x.Name]; s == x {
			align := max(1, s.Align)
			room.Align = max(room.Align, align)
			room.Size = (room.Size + align - 1) &^ (align - 1)
			placed := &Symbol{Name: s.Name, Range: s.Range, Global: true, Value: lang.InSegment(id, room.Size)}
			globals[s.Name] = placed
			out.Symbols = append(out.Symbols, placed)
			room.Size += s.Size
		}
	}
	if room.Size > 0 {
		st := &lang.Statement{}
		room.Fragments = []Fragment{{Kind: Space, Repeat: 1, Size: room.Size, Source: st}}
		out.Sections = append(out.Sections, room)
	}
}

// resolve puts definitions in the place of what is external.
func (out *Program) resolve(globals map[string]*Symbol, messages *diag.Bag) {
	found := map[lang.SegmentID]lang.Value{}
	resolved := map[*Symbol]bool{}
	keep := func(list []*Symbol) (kept []*Symbol) {
		for _, x := range list {
			if !resolved[x] {
				kept = append(kept, x)
			}
		}
		return kept
	}
	for _, x := range out.Externs {
		if id, ok := x.Value.Segment(); ok && globals[x.Name] != nil {
			found[id], resolved[x] = globals[x.Name].Value, true
		}
	}
	out.Externs, out.Table = keep(out.Externs), keep(out.Table)
	at := diag.Range{}
	fits := out.eachValue(func(v *lang.Value) bool {
		return v.Substitute(func(id lang.SegmentID) lang.Value {
			if value, ok := found[id]; ok {
				return value
			}
			return lang.InSegment(id, 0)
		})
	})
	if !fits {
		messages.Add(diag.Errorf(at, "an expression with external symbols holds more addresses than it can"))
	}
	if out.Entry == nil {
		for _, name := range []string{"_start", "start"} {
			out.Entry = cmp.Or(out.Entry, globals[name])
		}
	}
}

// eachValue calls change for every value that may refer to a segment, and reports
// whether all calls did.
func (p *Program) eachValue(change func(*lang.Value) bool) bool {
	ok := true
	do := func(v *lang.Value) { ok = change(v) && ok }
	for _, list := range [][]*Symbol{p.Symbols, p.Externs} {
		for _, s := range list {
			do(&s.Value)
		}
	}
	for _, s := range p.Sections {
		for i := range s.Fragments {
			f := &s.Fragments[i]
			for k := range f.Fixups {
				do(&f.Fixups[k].Value)
			}
			if f.Instruction != nil {
				for k := range f.Instruction.Operands {
					o := &f.Instruction.Operands[k]
					do(&o.Value)
					do(&o.Segment)
				}
			}
		}
	}
	return ok
}

// eachInstruction calls change for the segment of every instruction that is kept.
func (p *Program) eachInstruction(change func(*lang.SegmentID)) {
	for _, s := range p.Sections {
		for i := range s.Fragments {
			if in := s.Fragments[i].Instruction; in != nil {
				change(&in.Segment)
			}
		}
	}
}
