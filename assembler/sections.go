package assembler

import (
	"math/bits"
	"slices"

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
	count        int         // of fragments in the first pass, about
	code         arena[byte] // of fragments
	fixups       arena[program.Fixup]
	opened       bool // in this pass
	absolute     bool
	base         lang.Value // of an absolute section, else 0
	// declared says when a segment was opened, among segments and groups, or is 0;
	// flat is set where it belongs to the group FLAT.
	declared int
	flat     bool
	// asked is the largest alignment that SECTION lines of this pass ask for by number,
	// 0 for none, and raised what SECTALIGN and ALIGN do.
	asked, raised int64
	// label is the symbol of a section's name, where the format makes it one.
	label *symbol
}

// begin readies s for another pass.
func (s *section) begin() {
	s.previousSize, s.size = s.size, 0
	s.opened, s.declared, s.flat = false, 0, false
	s.asked, s.raised = 0, 0
	s.out.Fragments, s.out.Parts = nil, nil
}

// address returns the address offset bytes into s.
func (s *section) address(offset int64) lang.Value {
	if s.absolute {
		v := s.base
		v.N += offset
		return v
	}
	id := s.out.ID
	if n := len(s.out.Parts); n > 0 {
		id = s.out.Parts[n-1].ID
	}
	return lang.InSegment(id, offset)
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
		case a.opts.Object != nil && a.opts.Object.KeepText:
			p.Sections = append(p.Sections, out)
		case a.opts.Object == nil || !s.out.Range.IsZero():
			p.Sections = append(p.Sections, out)
		case s.out.Segment != nil && (s.size > 0 || a.hasSymbol(out.ID)):
			p.Sections = append(p.Sections, out)
		case s.size > 0 || a.hasSymbol(out.ID):
			last = out
		}
	}
	if last != nil {
		p.Sections = append(p.Sections, last)
	}
}

// hasSymbol reports whether a symbol of this pass, but for ..start, has its place in a section.
func (a *assembler) hasSymbol(id lang.SegmentID) bool {
	return slices.ContainsFunc(a.order, func(s *symbol) bool {
		in, ok := s.value.Segment()
		return ok && in == id && s.pass == a.pass && s.name != program.StartLabel
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
	full := false
	if o := a.opts.Object; o != nil && o.FullName != nil {
		said, known := o.FullName(name)
		if !known {
			m := diag.Errorf(at, "%s has no section called '%s'", o.Name, name)
			if o.Family == "macho" {
				m.Notef("use .text, .data, .rodata, .bss, or the name of a segment and of a section, of up to 16 bytes each: section __DATA,__mine")
			}
			a.fail(m)
			return a.current
		}
		full, name = said == name, said
		if o.Segments != nil {
			a.claimFirst(name)
		}
	}
	if o := a.opts.Object; o != nil && o.NameLimit > 0 && len(name) > o.NameLimit {
		a.message(a.warningf("other", at, "%s keeps only the first %d bytes of a section's name", o.Name, o.NameLimit))
		name = name[:o.NameLimit]
	}
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
		}
		a.current = &section{out: program.Section{
			ID: a.newSegment(), Name: name, Range: at, Flags: flags, Align: 1,
		}}
		a.sections = append(a.sections, a.current)
	}
	s := a.current
	a.named[name] = s
	s.opened = true
	s.out.FullName = s.out.FullName || full
	if s.out.Range.IsZero() && !at.IsZero() {
		s.out.Range = at
		if a.opts.Object != nil && !a.opts.Object.KeepText && a.opts.Object.Segments == nil { // it takes its place among the sections only now
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
		Flags: has.Flags, Type: has.Type, Align: has.Align, EntrySize: has.EntrySize, Native: has.Native,
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

// section handles SECTION and SEGMENT. Where attributes ask for $ and $$, these
// are still those of the section before.
func (a *assembler) section(st *lang.Section) {
	values := make([]int64, len(st.Attrs))
	for i := range st.Attrs {
		if attr := &st.Attrs[i]; attr.Value != nil && a.opts.Object == nil {
			n, ok := a.constant(attr.Value, attr.Range, attr.Name)
			if !ok {
				return
			}
			values[i] = n
		}
	}
	s := a.openSection(st.Name, st.Range)
	if a.segmentWords() != nil {
		a.segment(s, st)
		return
	}
	if a.opts.Object != nil {
		a.objectAttributes(s, st)
		return
	}
	for i := range st.Attrs {
		a.sectionAttribute(s, &st.Attrs[i], values[i])
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

// linkAttributes are those of linkable formats; an executable has no use for them.
var linkAttributes = []string{"tls", "merge", "strings", "note", "info", "pointer", "code", "data", "bss", "rdata"}

// sectionAttribute obeys one attribute; n is its value. Those without a
// meaning in a flat binary do nothing, as in nasm.
func (a *assembler) sectionAttribute(s *section, attr *lang.Arg, n int64) {
	if f, ok := flagAttributes[attr.Name]; ok && attr.Value == nil && attr.Words == nil {
		s.out.Flags = s.out.Flags&^f.clear | f.set
		return
	}
	flat := &s.out.Flat
	switch {
	case a.opts.Flat && attr.Spaced: // three words to nasm, not one
		a.ignored(attr)
	case attr.Value == nil && attr.Words == nil:
		if !slices.Contains(linkAttributes, attr.Name) {
			a.ignored(attr)
		}
	case attr.Name == "align", attr.Name == "valign":
		switch {
		case attr.Value == nil:
			a.ignored(attr)
		case n <= 0 || bits.OnesCount64(uint64(n)) != 1:
			a.fail(a.errorf(attr.Range, "a section's alignment must be a power of two, not %d", n))
		case attr.Name == "align":
			s.out.Align, flat.AlignSet = max(s.out.Align, n), true
		default:
			flat.VAlign, flat.VAlignSet = max(flat.VAlign, n), true
		}
	case attr.Name == "start":
		a.placeAt(&flat.Start, attr, n)
	case attr.Name == "vstart":
		a.placeAt(&flat.VStart, attr, n)
	case attr.Name == "follows":
		flat.Follows = attr.Words[0]
	case attr.Name == "vfollows":
		flat.VFollows = attr.Words[0]
	default:
		a.ignored(attr)
	}
}

// placeAt gives a section the address n, which it may have been given before.
func (a *assembler) placeAt(to **int64, attr *lang.Arg, n int64) {
	switch {
	case attr.Value == nil:
		a.ignored(attr)
	case *to != nil && **to != n && a.final:
		a.fail(a.errorf(attr.Range, "the section has another %s= already, %d", attr.Name, **to))
	default:
		*to = &n
	}
}

// ignored warns of an attribute that does nothing.
func (a *assembler) ignored(attr *lang.Arg) {
	m := diag.Warningf("other", attr.Range, "the attribute '%s' of a section means nothing here", attr.Name)
	if attr.Spaced && len(attr.Words) > 0 {
		m.Notef("no blank may stand beside the equals sign: %s=%s", attr.Name, attr.Words[0])
	}
	a.message(m)
}

// raiseAlign makes sure that the current section is aligned to at least boundary.
func (a *assembler) raiseAlign(boundary int64) {
	s := a.current
	a.trace(program.Event{Kind: program.Aligns, Size: boundary})
	if words := a.segmentWords(); words != nil {
		boundary = words.Align(boundary) // what is too much is left out, as in nasm
	}
	s.raised = max(s.raised, boundary)
	if o := a.opts.Object; o != nil && o.Family == "coff" && s.out.Range.IsZero() && s.size == 0 {
		return // to nasm a .text that no line opens is only there once something is stored in it
	}
	if boundary >= s.out.Align {
		s.out.Align = boundary
		s.out.Flat.AlignSet = true
	}
}
