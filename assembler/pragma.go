package assembler

import (
	"slices"
	"strings"

	"tasm/lang"
	"tasm/program"
)

// pragma obeys what is left of a %pragma line: a facility and what it shall do
// (nasm manual, 6.10). What nobody knows is for another assembler.
func (a *assembler) pragma(d *lang.Directive) {
	words := make([]string, len(d.Args))
	for i := range d.Args {
		words[i] = d.Args[i].Name
	}
	if len(words) < 2 {
		return
	}
	facility, operation := strings.ToLower(words[0]), strings.ToLower(words[1])
	if a.tracing() && (facility == "dbg" || facility == "output") {
		a.trace(program.Event{Kind: program.Advises, Name: words[0], Text: strings.Join(words[1:min(3, len(words))], " ")})
		return
	}
	o := a.opts.Object
	ours := o != nil && (facility == o.Name || slices.Contains(o.Facilities, facility))
	switch {
	case facility == "output" || ours:
		if a.affix(operation, words[2:]) || ours && a.objectPragma(operation, d.Args[2:]) {
			return
		}
	case facility == "limit" && len(words) == 3, facility == "list", facility == "ignore", facility == "preproc":
		return
	case !slices.Contains([]string{"asm", "input", "debug", "file", "limit"}, facility):
		return
	}
	a.message(a.warningf("pragma-unknown", d.Range, "there is no %%pragma %s %s", words[0], words[1]))
}

// affix sets what is put around names, also to nothing, unless it is set already.
func (a *assembler) affix(operation string, words []string) bool {
	f := &a.affixes
	set, known := map[string]*string{
		"prefix": &f.Prefix, "gprefix": &f.Prefix, "suffix": &f.Suffix, "gsuffix": &f.Suffix,
		"lprefix": &f.LocalPrefix, "lsuffix": &f.LocalSuffix,
	}[operation]
	if known && *set == "" && !slices.Contains(a.affixed, set) {
		*set = strings.Join(words[:min(1, len(words))], "")
		a.affixed = append(a.affixed, set)
	}
	return known
}

// objectPragma does what the object format alone knows.
func (a *assembler) objectPragma(operation string, args []lang.Arg) bool {
	if a.opts.Object.Family != "macho" {
		return false
	}
	switch operation {
	case "subsections_via_symbols":
		if !a.subsections { // labels further up are their beginnings as well
			a.subsections, a.moved = true, true
		}
	case "no_dead_strip":
		for i := range args {
			a.keep = append(a.keep, &args[i])
		}
	default:
		return false
	}
	return true
}

// keepSymbols marks the sections that hold what NO_DEAD_STRIP names.
func (a *assembler) keepSymbols() {
	for _, arg := range a.keep {
		s := a.find(arg.Name)
		var in *section
		if s.pass == a.pass {
			segment, _ := s.value.Segment()
			in = a.sectionOf(segment)
		}
		if in == nil {
			a.message(a.errorf(arg.Range, "'%s' is no label of this file, so it can't be kept from being stripped", arg.Name))
			continue
		}
		in.out.Native |= a.opts.Object.Words["no_dead_strip"].Native
	}
}

// sectionOf finds the section that segment is one of, or a part of one.
func (a *assembler) sectionOf(segment lang.SegmentID) *section {
	for _, s := range a.sections {
		if s.out.ID == segment || slices.ContainsFunc(s.out.Parts, func(p program.Part) bool { return p.ID == segment }) {
			return s
		}
	}
	return nil
}

// beginPart lets a part of the section that a linker may move on its own begin at
// the label.
func (a *assembler) beginPart(label string) {
	in := a.current
	if !a.subsections || in.absolute {
		return
	}
	s := a.find(label)
	if !s.global && !s.extern && !s.local {
		return
	}
	if s.part == 0 {
		s.part = a.newSegment()
	}
	in.out.Parts = append(in.out.Parts, program.Part{ID: s.part, Offset: in.size})
}
