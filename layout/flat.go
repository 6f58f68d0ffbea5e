package layout

import (
	"cmp"
	"math"
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// Flat makes a file of the sections' contents alone, as nasm's bin format does
// (nasm manual, 8.1 "bin: Flat-Form Binary Output"). The file's first byte has
// the address Program.Origin. Sections follow one another in order of
// appearance, .text first, those with start= or follows= where these say, each
// aligned to 4 bytes unless it says otherwise. Sections without contents
// (nobits) are not in the file; they have addresses behind what is.
//
// An external symbol named section.NAME.start or section.NAME.vstart stands for
// the address of a section, as in nasm.
func Flat(p *program.Program, opts Options) (*File, *diag.Bag) {
	f := &flat{program: p, messages: &diag.Bag{}, origin: p.Origin}
	f.collect()
	if f.failed() || !f.follow() || !f.assignStarts() || !f.assignVStarts() {
		return nil, f.messages
	}
	return f.write(opts)
}

// flatSection is a section on its way into a flat binary. Start is where it
// lies, counted like addresses from the origin; vstart is where the program
// believes it to lie. Either counts once it is known.
type flatSection struct {
	*program.Section
	start, vstart           int64
	startKnown, vstartKnown bool
	align, valign           int64  // 0 when the source says nothing
	follows, vfollows       string // names of sections, or ""
	previous                *flatSection
}

type flat struct {
	program  *program.Program
	messages *diag.Bag
	origin   int64
	sections []*flatSection // with contents; in file order once sorted
	nobits   []*flatSection
}

func (f *flat) fail(s *flatSection, format string, args ...any) bool {
	f.messages.Add(diag.Errorf(s.Range, format, args...))
	return false
}

func (f *flat) failed() bool { return f.messages.Errors() > 0 }

// collect reads the sections' attributes and parts those with contents from
// those without.
func (f *flat) collect() {
	var previous *flatSection
	ordered := slices.Clone(f.program.Sections)
	slices.SortStableFunc(ordered, func(x, y *program.Section) int { return textFirst(x) - textFirst(y) })
	for _, in := range ordered {
		at := &in.Flat
		s := &flatSection{Section: in, follows: at.Follows, vfollows: at.VFollows, previous: previous}
		if at.AlignSet {
			s.align = in.Align
		}
		if at.VAlignSet {
			s.valign = at.VAlign
		}
		if at.Start != nil {
			s.start, s.startKnown = *at.Start, true
		}
		if at.VStart != nil {
			s.vstart, s.vstartKnown = *at.VStart, true
		}
		previous = s
		f.check(s)
		if in.Flags&program.NoBits != 0 {
			f.useVirtual(s)
			f.nobits = append(f.nobits, s)
		} else {
			f.sections = append(f.sections, s)
		}
	}
}

func textFirst(s *program.Section) int {
	if s.Name == ".text" {
		return 0
	}
	return 1
}

// check complains of attributes that contradict each other.
func (f *flat) check(s *flatSection) {
	if s.startKnown && s.follows != "" {
		f.fail(s, "section %s has both start= and follows=", s.Name)
	}
	if s.vstartKnown && s.vfollows != "" {
		f.fail(s, "section %s has both vstart= and vfollows=", s.Name)
	}
	if s.startKnown && s.align > 0 && s.start%s.align != 0 {
		f.fail(s, "start=%s of section %s is not a multiple of its alignment, %d", hex(s.start), s.Name, s.align)
	}
	if s.vstartKnown && s.valign > 0 && s.vstart%s.valign != 0 {
		f.fail(s, "vstart=%s of section %s is not a multiple of its valign, %d", hex(s.vstart), s.Name, s.valign)
	}
}

// useVirtual makes the real attributes of a section without contents its
// virtual ones: it lies nowhere in the file.
func (f *flat) useVirtual(s *flatSection) {
	if !s.startKnown && s.align == 0 && s.follows == "" {
		return
	}
	if s.vstartKnown || s.valign != 0 || s.vfollows != "" {
		f.fail(s, "section %s has no contents, so start= and vstart=, align= and valign=, follows= and vfollows= mean the same: use one kind", s.Name)
		return
	}
	s.vstart, s.vstartKnown = s.start, s.startKnown
	s.valign, s.vfollows = s.align, s.follows
	s.startKnown, s.align, s.follows = false, 0, ""
}

func (f *flat) find(name string) *flatSection {
	for _, list := range [][]*flatSection{f.sections, f.nobits} {
		for _, s := range list {
			if s.Name == name {
				return s
			}
		}
	}
	return nil
}

// follow moves every section with follows= behind the one that it names, and
// with it those that come after it for no reason of their own. (Where several
// sections have follows=, nasm 2.16 can move one of them along with another and
// leave it there.)
func (f *flat) follow() bool {
	// Every move puts one more section into its place, unless they name each
	// other in a circle.
	for range len(f.sections) + 1 {
		from := slices.IndexFunc(f.sections, f.outOfPlace)
		if from < 0 {
			return true
		}
		leader := f.sections[from]
		target := slices.IndexFunc(f.sections, func(s *flatSection) bool { return s.Name == leader.follows })
		if target < 0 {
			return f.fail(leader, "section %s follows %s, which is no section with contents", leader.Name, leader.follows)
		}
		if target == from {
			return f.fail(leader, "section %s follows itself", leader.Name)
		}
		if target+1 < len(f.sections) {
			if other := f.sections[target+1]; other.follows == leader.follows {
				return f.fail(leader, "sections %s and %s can't both follow %s", leader.Name, other.Name, leader.follows)
			}
		}
		to := from + 1
		for to < len(f.sections) && to != target && !f.sections[to].startKnown && !f.outOfPlace(f.sections[to]) {
			to++
		}
		group := slices.Clone(f.sections[from:to])
		f.sections = slices.Delete(f.sections, from, to)
		if target >= to {
			target -= to - from
		}
		f.sections = slices.Insert(f.sections, target+1, group...)
	}
	return f.fail(f.sections[0], "sections follow one another in a circle")
}

// outOfPlace reports whether s does not stand behind the section it follows.
func (f *flat) outOfPlace(s *flatSection) bool {
	i := slices.Index(f.sections, s)
	return s.follows != "" && (i == 0 || f.sections[i-1].Name != s.follows)
}

// sortByStart sorts groups of sections, each a section with start= and those
// after it that have none, by their start. A section before all start= stays
// first.
func (f *flat) sortByStart() {
	var groups [][]*flatSection
	for i, s := range f.sections {
		if i == 0 || s.startKnown {
			groups = append(groups, nil)
		}
		last := &groups[len(groups)-1]
		*last = append(*last, s)
	}
	slices.SortStableFunc(groups, func(x, y []*flatSection) int { return cmp.Compare(x[0].start, y[0].start) })
	f.sections = slices.Concat(groups...)
}

// alignUp returns the first multiple of align (a power of two) from n on, and
// false when there is none below 2^63.
func alignUp(n, align int64) (int64, bool) {
	if n > math.MaxInt64-(align-1) {
		return 0, false
	}
	return (n + align - 1) &^ (align - 1), true
}

// assignStarts gives every section with contents its place.
func (f *flat) assignStarts() bool {
	f.sortByStart()
	if len(f.sections) == 0 {
		return true
	}
	first := f.sections[0]
	originSet := !f.program.OriginSet.IsZero()
	switch {
	case !first.startKnown:
		first.start = f.origin
		if originSet && first.align > 0 {
			first.start, _ = alignUp(f.origin, first.align)
		}
		first.startKnown = true
	case !originSet:
		f.origin = first.start
	case first.start < f.origin:
		return f.beforeOrigin(first)
	}

	end := first.start
	for _, s := range f.sections {
		if !s.startKnown {
			start, ok := alignUp(end, defaultAlign(s.align))
			if !ok {
				return f.fail(s, "section %s lies beyond all addresses", s.Name)
			}
			s.start, s.startKnown = start, true
		}
		if !s.vstartKnown && s.vfollows == "" {
			s.vstart, s.vstartKnown = s.start, true
			if s.valign > 0 {
				s.vstart, _ = alignUp(end, s.valign)
			}
		}
		if s.Size == 0 {
			// An empty section overlaps nothing, but what follows it goes on
			// from there.
			end = max(end, s.start)
			continue
		}
		if s.start < f.origin {
			return f.beforeOrigin(s)
		}
		if s.start < end {
			return f.fail(s, "section %s, which starts at %s, overlaps what comes before it up to %s", s.Name, hex(s.start), hex(end))
		}
		if s.start > math.MaxInt64-s.Size {
			return f.fail(s, "section %s ends beyond all addresses", s.Name)
		}
		end = s.start + s.Size
	}
	return true
}

func (f *flat) beforeOrigin(s *flatSection) bool {
	return f.fail(s, "section %s starts at %s, before the origin of the file, %s", s.Name, hex(s.start), hex(f.origin))
}

// defaultAlign is align, or what a section is aligned to that says nothing.
func defaultAlign(align int64) int64 {
	if align == 0 {
		return 4
	}
	return align
}

// assignVStarts gives every section the address that the program uses. One that
// follows another has to wait for the other's, so it goes over them until
// nothing changes.
func (f *flat) assignVStarts() bool {
	all := slices.Concat(f.sections, f.nobits)
	for changed := true; changed; {
		changed = false
		for _, s := range all {
			if s.vstartKnown {
				continue
			}
			before, ok := f.virtuallyBefore(s)
			if !ok {
				return f.fail(s, "section %s follows %s, which is no section", s.Name, s.vfollows)
			}
			var end int64
			if before != nil {
				if !before.vstartKnown {
					continue
				}
				end = before.vstart + before.Size
			}
			s.vstart, ok = alignUp(end, defaultAlign(s.valign))
			if !ok || before != nil && end < before.vstart {
				return f.fail(s, "section %s lies beyond all addresses", s.Name)
			}
			s.vstartKnown, changed = true, true
		}
	}
	for _, s := range all {
		if !s.vstartKnown {
			return f.fail(s, "sections follow one another in a circle: %s", s.Name)
		}
	}
	return true
}

// virtuallyBefore returns the section that s comes after in the program's eyes:
// the one it names, or, for .bss, the last with contents, or the one that
// appeared before it.
func (f *flat) virtuallyBefore(s *flatSection) (*flatSection, bool) {
	switch {
	case s.vfollows != "":
		other := f.find(s.vfollows)
		return other, other != nil
	case s.Name == ".bss" || s.previous == nil:
		if len(f.sections) == 0 {
			return nil, true
		}
		return f.sections[len(f.sections)-1], true
	}
	return s.previous, true
}

// write makes the file of the sections, whose places are settled.
func (f *flat) write(opts Options) (*File, *diag.Bag) {
	w := &writer{file: &File{}, messages: f.messages, judge: fitFlat, addresses: addresses{
		program: f.program, segment: map[lang.SegmentID]uint64{},
	}}
	for _, s := range slices.Concat(f.sections, f.nobits) {
		w.addresses.segment[s.ID] = uint64(s.vstart)
	}
	for _, x := range f.program.Externs {
		if id, ok := x.Value.Segment(); ok {
			if address, ok := f.sectionSymbol(x.Name); ok {
				w.addresses.segment[id] = uint64(address)
			}
		}
	}
	var size int64
	for _, s := range f.sections {
		if s.Size > 0 {
			size = s.start + s.Size - f.origin
		}
	}
	if !w.alloc(size, opts) {
		return nil, f.messages
	}
	end := f.origin
	for _, s := range f.sections {
		if s.Size == 0 {
			continue
		}
		w.pad(end-f.origin, s.start-end, uint64(end), "up to the start of section "+s.Name)
		w.section(s.Section, s.start-f.origin, uint64(s.vstart))
		end = s.start + s.Size
	}
	for _, s := range f.nobits {
		w.nobits(s.Section)
	}
	if f.failed() {
		return nil, f.messages
	}
	return w.file, f.messages
}

// sectionSymbol returns the value of a symbol that nasm defines for a section.
func (f *flat) sectionSymbol(name string) (int64, bool) {
	for _, list := range [][]*flatSection{f.sections, f.nobits} {
		for _, s := range list {
			switch name {
			case "section." + s.Name + ".start":
				if s.Flags&program.NoBits != 0 {
					return s.vstart, true
				}
				return s.start, true
			case "section." + s.Name + ".vstart":
				return s.vstart, true
			}
		}
	}
	return 0, false
}
