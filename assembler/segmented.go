package assembler

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Segmented memory: SEGMENT, GROUP and what else a source for OMF or IEEE-695 says
// of it (nasm manual, 8.4 "obj").

// segmentWords are the words of the format for segments, or nil where it has none.
func (a *assembler) segmentWords() *object.SegmentWords {
	if a.opts.Object == nil {
		return nil
	}
	return a.opts.Object.Segments
}

// segmented reports whether the object's segments know the directive and it has as
// many arguments as it needs.
func (a *assembler) segmented(d *lang.Directive, arguments int) bool {
	name, words := strings.ToUpper(d.Name), a.segmentWords()
	switch {
	case words != nil && !slices.Contains(words.Directives, strings.ToLower(d.Name)):
		a.fail(a.errorf(d.Range, "%s has no %s", words.Title, name))
	case words == nil:
		a.fail(a.errorf(d.Range, "%s is for segmented memory: -f obj", name))
	case len(d.Args) < arguments:
		a.fail(a.errorf(d.Range, "%s needs more than this", name).
			Notef("for example: group dgroup data bss; import f lib.dll 5; export f"))
	default:
		return true
	}
	return false
}

// openFirst makes the section that code stands in before any SECTION line the
// current one.
func (a *assembler) openFirst() {
	o := a.opts.Object
	switch {
	case o == nil || o.FirstSection == "":
		a.openSection(".text", diag.Range{})
		return
	case len(a.sections) == 0 && o.Segments == nil:
		a.openSection(o.FirstSection, diag.Range{})
	case len(a.sections) == 0:
		s := a.openSection(o.FirstSection, diag.Range{})
		s.out.Segment = &program.Segment{Base: a.newSegment(), Combine: program.Public}
	}
	a.current, a.here = a.sections[0], 0
	a.current.opened = true
	if o.Segments != nil {
		a.out.Segmented = &program.Segmented{}
	}
}

// claimFirst gives the first section the name of the first segment that is opened:
// what stands in front of it is its start, as in nasm.
func (a *assembler) claimFirst(name string) {
	if len(a.sections) != 1 {
		return
	}
	if first := a.sections[0]; a.named[name] == nil && first.out.Range.IsZero() {
		delete(a.named, first.out.Name)
		first.out.Name, a.named[name] = name, first
	}
}

// segment reads the attributes of a segment's first line in this pass, and makes
// its name a symbol.
func (a *assembler) segment(s *section, st *lang.Section) {
	if s.out.Segment == nil {
		s.out.Segment = &program.Segment{Base: a.newSegment()}
	}
	g := s.out.Segment
	if s.declared == 0 {
		a.declarations++
		s.declared = a.declarations
		*g = program.Segment{Base: g.Base, Combine: program.Public, Wide: a.bits == 32 && a.segmentWords().KeepsMode}
		s.out.Align = 1
		for i := range st.Attrs {
			a.segmentAttribute(s, &st.Attrs[i])
		}
		s.out.Align = max(s.out.Align, s.raised) // by what stands above the first SEGMENT
		value := lang.SelectorOf(g.Base)
		if g.Placed {
			value = lang.Number64(g.Absolute)
		}
		label := a.recent // data may still follow it
		a.define(&lang.Label{Range: st.Range, Name: s.out.Name}, value, false)
		a.recent = label
	} else if len(st.Attrs) > 0 {
		a.message(a.warningf("other", st.Range, "segment '%s' keeps the attributes that it was opened with", s.out.Name).
			NoteAt(s.out.Range, "it was opened here"))
	}
	a.bits = 16
	if g.Wide {
		a.bits = 32
	}
}

// combineWords are the attributes that say how a linker combines segments.
var combineWords = map[string]program.Combine{
	"private": program.Private, "public": program.Public, "stack": program.Stack, "common": program.CommonMemory,
}

// segmentAttribute does what one attribute says. What it does not know it ignores,
// as nasm does.
func (a *assembler) segmentAttribute(s *section, attr *lang.Arg) {
	g, words := s.out.Segment, a.segmentWords()
	if !slices.Contains(words.Attributes, attr.Name) {
		a.message(a.warningf("other", attr.Range, "a segment has no attribute '%s', so it is ignored", attr.Name))
		return
	}
	if combine, known := combineWords[attr.Name]; known {
		g.Combine = combine
		return
	}
	switch text := strings.Join(attr.Words, " "); attr.Name {
	case "use16", "use32":
		g.Wide = attr.Name == "use32"
	case "flat":
		s.flat = true
		a.group("FLAT", attr.Range, nil)
	case "class":
		g.Class = text
	case "overlay":
		g.Overlay = text
	case "absolute":
		g.Absolute, g.Placed = a.segmentNumber(attr)
	case "align":
		n, ok := a.segmentNumber(attr)
		has := words.Align(n)
		switch {
		case !ok:
		case n <= 0 || bits.OnesCount64(uint64(n)) != 1 || has == 0:
			a.fail(a.errorf(attr.Range, "a segment's alignment is a power of two up to %d, not %d", words.Aligns[len(words.Aligns)-1], n))
		case has != n:
			a.message(a.warningf("other", attr.Range, "%s has no alignment of %d, so it is %d", words.Title, n, has))
			fallthrough
		default:
			s.out.Align = has
		}
	}
}

func (a *assembler) segmentNumber(attr *lang.Arg) (int64, bool) {
	if attr.Value == nil {
		a.fail(a.errorf(attr.Range, "'%s' needs a number", attr.Name).Notef("for example: segment code align=16"))
		return 0, false
	}
	return a.constant(attr.Value, attr.Range, attr.Name)
}

// group is a GROUP line of this pass.
type group struct {
	program.Group
	names    []lang.Arg
	declared int // when, among segments and groups
}

// group notes a group, which may be there already only where no names are given.
func (a *assembler) group(name string, at diag.Range, names []lang.Arg) {
	for _, old := range a.groups {
		if old.Name == name {
			if names != nil {
				a.fail(a.errorf(at, "group '%s' is defined twice", name).NoteAt(old.Range, "the first definition is here"))
			}
			return
		}
	}
	id, known := a.groupIDs[name]
	if !known {
		if a.groupIDs == nil {
			a.groupIDs = map[string]lang.SegmentID{}
		}
		id = a.newSegment()
		a.groupIDs[name] = id
	}
	a.declarations++
	a.groups = append(a.groups, &group{program.Group{Name: name, Range: at, ID: id}, names, a.declarations})
	label := a.recent
	a.define(&lang.Label{Range: at, Name: name}, lang.SelectorOf(id), false)
	a.recent = label
}

func (a *assembler) groupDirective(d *lang.Directive) {
	if a.segmented(d, 1) {
		a.group(strings.TrimLeft(d.Args[0].Name, "."), d.Args[0].Range, d.Args[1:])
	}
}

func (a *assembler) uppercase(d *lang.Directive) {
	if a.segmented(d, 0) {
		a.out.Segmented.Uppercase = true
	}
}

func (a *assembler) importDirective(d *lang.Directive) {
	if !a.segmented(d, 2) {
		return
	}
	in := program.Import{Symbol: d.Args[0].Name, Library: d.Args[1].Name}
	in.ByName = true // by that of the symbol, where the source gives none
	if len(d.Args) > 2 {
		in.Name = d.Args[2].Name
		if n, err := strconv.ParseInt(in.Name, 0, 64); err == nil {
			in.ByName, in.Ordinal = false, uint16(n)
		}
	}
	a.out.Segmented.Imports = append(a.out.Segmented.Imports, in)
}

// exportDirective notes what a dynamic library offers: its name there, the name of the
// symbol, and how it may be found and called.
func (a *assembler) exportDirective(d *lang.Directive) {
	if a.opts.Object != nil && a.opts.Object.Family == "coff" {
		a.exportToLinker(d)
		return
	}
	if !a.segmented(d, 1) {
		return
	}
	out := program.Export{Name: d.Args[0].Name}
	if len(d.Args) > 1 {
		out.Name, out.Internal = d.Args[1].Name, d.Args[0].Name
	}
	for i := 2; i < len(d.Args); i++ {
		word := strings.ToLower(d.Args[i].Name)
		number, isParameters := strings.CutPrefix(word, "parm=")
		n, err := strconv.ParseInt(number, 0, 64)
		switch {
		case word == "resident":
			out.Resident = true
		case word == "nodata":
			out.NoData = true
		case err != nil:
			a.fail(a.errorf(d.Args[i].Range, "EXPORT has no '%s'", d.Args[i].Name).
				Notef("it has a number, resident, nodata and parm=NUMBER"))
		case isParameters:
			out.Parameters |= uint8(n) & 0x1f
		default:
			out.Ordinal, out.HasOrdinal = uint16(n), true
		}
	}
	a.out.Segmented.Exports = append(a.out.Segmented.Exports, out)
}

// finishSegments puts segments into their groups. Those that were there before
// the group stand first in it, in the order of the GROUP line, then the others
// in their own order.
func (a *assembler) finishSegments() {
	for _, g := range a.groups {
		a.out.Segmented.Groups = append(a.out.Segmented.Groups, &g.Group)
		var before, behind []*section
		for i := range g.names {
			arg := &g.names[i]
			s := a.named[arg.Name]
			switch {
			case s == nil || s.declared == 0:
				a.fail(a.errorf(arg.Range, "group '%s' contains a segment '%s' that is not defined", g.Name, arg.Name))
			case s.declared < g.declared:
				before = append(before, s)
			default:
				behind = append(behind, s)
			}
		}
		slices.SortStableFunc(behind, func(x, y *section) int { return x.declared - y.declared })
		for _, s := range append(before, behind...) {
			g.Segments = append(g.Segments, s.out.ID)
			if s.out.Segment.Group == nil && !s.flat {
				s.out.Segment.Group = &g.Group
			}
		}
	}
	for _, s := range a.sections {
		if s.flat {
			i := slices.IndexFunc(a.groups, func(g *group) bool { return g.Name == "FLAT" })
			s.out.Segment.Group = &a.groups[i].Group
		}
	}
}

// communal reads where a common variable may be: FAR, with the size of its items,
// or NEAR, in the data group. WRT is read by frame.
func (a *assembler) communal(s *symbol, arg *lang.Arg) {
	s.far = 1
	for i := 0; i < len(arg.Words); i++ {
		switch word := strings.ToLower(arg.Words[i]); word {
		case "far":
			s.far = 1
		case "near":
			s.far = 0
		case "wrt":
			i++
		default:
			n, err := strconv.ParseInt(word, 0, 64)
			if err != nil || n <= 0 {
				a.fail(a.errorf(arg.Range, "the size of an item is a number above 0, not '%s'", arg.Words[i]))
				return
			}
			s.far = n
		}
	}
}

// frame finds the segment or group that an external symbol is relative to: what
// the declaration says, or in 32-bit code where it is declared.
func (a *assembler) frame(s *symbol) lang.SegmentID {
	in := s.declaredIn
	if i := slices.Index(s.declared.Words, "wrt"); i >= 0 && i+1 < len(s.declared.Words) {
		name := s.declared.Words[i+1]
		if id, ok := a.groupIDs[name]; ok && a.named[name] == nil {
			return id
		}
		if in = a.named[name]; in == nil {
			a.fail(a.errorf(s.declared.Range, "there is no segment or group '%s'", name))
			return 0
		}
		return in.out.Segment.Base
	}
	switch {
	case in == nil || in.out.Segment == nil || !in.out.Segment.Wide:
		return 0
	case in.out.Segment.Group != nil:
		return in.out.Segment.Group.ID
	}
	return in.out.Segment.Base
}
