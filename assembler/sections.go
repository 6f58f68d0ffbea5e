package assembler

import (
	"math/bits"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// section is a section while it is being filled. ABSOLUTE is one as well: its
// base is a value instead of a segment, and nothing in it reaches the output.
type section struct {
	out          program.Section
	size         int64 // in this pass, so far
	previousSize int64
	count        int  // of fragments in the first pass
	opened       bool // in this pass
	absolute     bool
	base         lang.Value // of an absolute section, else 0
}

// begin readies s for another pass.
func (s *section) begin(final bool) {
	s.previousSize, s.size = s.size, 0
	s.opened = false
	s.out.Fragments = nil
	if final {
		s.out.Fragments = make([]program.Fragment, 0, s.count)
	}
}

// address returns the address offset bytes into s.
func (s *section) address(offset int64) lang.Value {
	if s.absolute {
		v := s.base
		v.N += offset
		return v
	}
	return lang.InSegment(s.out.ID, offset)
}

// finish returns the section as the program wants it.
func (s *section) finish() *program.Section {
	s.out.Size = s.size
	return &s.out
}

// finishSections hands over the sections of the last pass. In an object the
// .text that no line asked for comes last, as in nasm, or not at all where
// there is nothing in it.
func (a *assembler) finishSections() {
	p := a.out
	var last *program.Section
	for _, s := range a.sections {
		switch out := s.finish(); {
		case !s.opened:
		case a.opts.Object == nil || !s.out.Range.IsZero():
			p.Sections = append(p.Sections, out)
		case s.size > 0 || a.hasSymbol(out.ID):
			last = out
		}
	}
	if last != nil {
		p.Sections = append(p.Sections, last)
	}
}

// hasSymbol reports whether a symbol of the last pass has its place in a section.
func (a *assembler) hasSymbol(id lang.SegmentID) bool {
	return slices.ContainsFunc(a.order, func(s *symbol) bool {
		in, ok := s.value.Segment()
		return ok && in == id && s.pass == a.pass
	})
}

// standardSections gives the attributes of the section names that everybody
// uses (nasm manual, 8.9.2 "elf extensions to the SECTION directive"). Other
// names are read-only data, as in nasm.
var standardSections = map[string]program.Flags{
	".text":    program.Alloc | program.Exec,
	".rodata":  program.Alloc,
	".lrodata": program.Alloc,
	".data":    program.Alloc | program.Write,
	".ldata":   program.Alloc | program.Write,
	".bss":     program.Alloc | program.Write | program.NoBits,
	".lbss":    program.Alloc | program.Write | program.NoBits,
	".tdata":   program.Alloc | program.Write,
	".tbss":    program.Alloc | program.Write | program.NoBits,
	".comment": 0,
}

// openSection makes name the current section.
func (a *assembler) openSection(name string, at diag.Range) *section {
	a.current = a.named[name]
	if a.current == nil {
		if a.opts.Object != nil {
			a.current = a.objectSection(name, at)
			a.sections = append(a.sections, a.current)
		}
	}
	if a.current == nil {
		flags, standard := standardSections[name]
		if !standard {
			flags = program.Alloc
			if a.opts.Flat && strings.HasPrefix(name, ".bss") {
				flags |= program.NoBits
			}
		}
		a.current = &section{out: program.Section{
			ID: a.newSegment(), Name: name, Range: at, Flags: flags, Align: 1,
		}}
		a.sections = append(a.sections, a.current)
	}
	s := a.current
	a.named[name] = s
	s.opened = true
	if s.out.Range.IsZero() && !at.IsZero() {
		s.out.Range = at
		if a.opts.Object != nil { // it takes its place among the sections only now
			i := slices.Index(a.sections, s)
			a.sections = append(slices.Delete(a.sections, i, i+1), s)
		}
	}
	a.here = s.size
	return s
}

// objectSection makes a section with the attributes that its name has in the
// object format.
func (a *assembler) objectSection(name string, at diag.Range) *section {
	has := a.opts.Object.Default(name)
	return &section{out: program.Section{
		ID: a.newSegment(), Name: name, Range: at,
		Flags: has.Flags, Type: has.Type, Align: has.Align, EntrySize: has.EntrySize,
	}}
}

// openAbsolute makes the addresses from base on the current place.
func (a *assembler) openAbsolute(base lang.Value) {
	a.current = &section{absolute: true, base: base, out: program.Section{Flags: program.NoBits}}
	a.here = 0
}

// newSegment returns a segment number that nobody has yet.
func (a *assembler) newSegment() lang.SegmentID {
	a.segments++
	return a.segments
}

// section handles SECTION and SEGMENT.
func (a *assembler) section(st *lang.Section) {
	s := a.openSection(st.Name, st.Range)
	if a.opts.Object != nil {
		a.objectAttributes(s, st)
		return
	}
	for i := range st.Attrs {
		a.sectionAttribute(s, &st.Attrs[i])
	}
}

// flagAttributes are the attributes without a value: what they set and clear.
var flagAttributes = map[string]struct{ set, clear program.Flags }{
	"progbits": {0, program.NoBits},
	"nobits":   {program.NoBits, 0},
	"alloc":    {program.Alloc, 0},
	"noalloc":  {0, program.Alloc},
	"exec":     {program.Exec, 0},
	"noexec":   {0, program.Exec},
	"write":    {program.Write, 0},
	"nowrite":  {0, program.Write},
}

func (a *assembler) sectionAttribute(s *section, attr *lang.Arg) {
	name := strings.ToLower(attr.Name)
	if f, ok := flagAttributes[name]; ok && attr.Value == nil {
		s.out.Flags = s.out.Flags&^f.clear | f.set
		return
	}
	flat := &s.out.Flat
	switch name {
	case "align", "valign":
		n, ok := a.constant(attr.Value, attr.Range, name)
		if !ok {
			return
		}
		if n <= 0 || bits.OnesCount64(uint64(n)) != 1 {
			a.fail(diag.Errorf(attr.Range, "a section's alignment must be a power of two, not %d", n))
			return
		}
		if name == "align" {
			s.out.Align, flat.AlignSet = n, true
		} else {
			flat.VAlign, flat.VAlignSet = n, true
		}
	case "start", "vstart":
		if n, ok := a.constant(attr.Value, attr.Range, name); ok {
			if name == "start" {
				flat.Start = &n
			} else {
				flat.VStart = &n
			}
		}
	case "follows", "vfollows":
		other, ok := attr.Value.(*lang.Symbol)
		if !ok {
			a.fail(diag.Errorf(attr.Range, "%s= takes the name of a section", name))
			return
		}
		if name == "follows" {
			flat.Follows = other.Name
		} else {
			flat.VFollows = other.Name
		}
	case "tls", "merge", "strings", "note", "info", "pointer", "code", "data", "bss", "rdata":
		// Attributes of linkable formats; an executable has no use for them.
	default:
		a.fail(diag.Errorf(attr.Range, "sections have no attribute '%s'", attr.Name).
			Notef("known are progbits, nobits, alloc, exec, write (each also with no in front), align=, valign=, start=, vstart=, follows= and vfollows="))
	}
}

// raiseAlign makes sure that the section is aligned to at least boundary.
func (s *section) raiseAlign(boundary int64) {
	if boundary > s.out.Align {
		s.out.Align = boundary
		s.out.Flat.AlignSet = true
	}
}
