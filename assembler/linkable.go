package assembler

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// objectAttributes reads the attributes of a SECTION line by the object's
// format. Those of the section's first line count; later lines may repeat them.
func (a *assembler) objectAttributes(s *section, st *lang.Section) {
	if a.tracing() {
		a.traceSection(s, st)
		return
	}
	if a.opts.Object.Words == nil && len(st.Attrs) > 0 {
		a.fail(a.errorf(st.Attrs[0].Range, "sections of %s have no attributes", a.opts.Object.Name))
		return
	}
	if a.opts.Object.Strict {
		a.strictAttributes(s, st)
		return
	}
	first := s.out.Range == st.Range
	wanted := s.out
	if first {
		has := a.opts.Object.Default(st.Name)
		wanted.Flags, wanted.Type, wanted.EntrySize, wanted.Native = has.Flags, has.Type, has.EntrySize, has.Native
	}
	elf := a.opts.Object.Family == "elf" && len(st.Attrs) > 0
	if elf {
		wanted.Align = 1 // attributes leave nothing of the usual alignment
	}
	// Words choose alignments that align= may overrule, wherever it stands; the
	// largest counts.
	var words, values []*lang.Arg
	for i := range st.Attrs {
		if attr := &st.Attrs[i]; attr.Value != nil {
			values = append(values, attr)
		} else {
			words = append(words, attr)
		}
	}
	for _, attr := range words {
		if !a.objectAttribute(&wanted, attr) {
			return
		}
	}
	usual, largest := wanted.Align, int64(0)
	wanted.Align = 0
	for _, attr := range values {
		if !a.objectAttribute(&wanted, attr) {
			return
		}
		if elf {
			largest = max(largest, wanted.Align)
			wanted.Align = largest
		}
	}
	asked := wanted.Align
	if asked == 0 {
		wanted.Align = usual
	}
	if first {
		s.out, s.asked = wanted, asked
		s.out.Align = max(s.out.Align, s.raised) // by what stands above the first SECTION
		return
	}
	if old, now := s.out.Comdat, wanted.Comdat; old != now && (old == nil || old.Symbol != now.Symbol || old.Selection != now.Selection) ||
		old != nil && !slices.ContainsFunc(st.Attrs, func(attr lang.Arg) bool { return attr.Name == "comdat" }) {
		a.fail(a.errorf(st.Range, "section '%s' must have the same comdat= everywhere", st.Name).
			NoteAt(s.out.Range, "it was opened here").
			Notef("give sections with another symbol another name, as .text$%s", "NAME"))
		return
	}
	if elf {
		s.out.Align = max(s.out.Align, wanted.Align)
		if s.out.EntrySize == 0 {
			s.out.EntrySize = wanted.EntrySize
		}
	}
	if !elf && asked > s.asked {
		// To COFF the usual alignment only counts where no line asks for one.
		s.out.Align, s.asked = max(asked, s.raised), asked
	}
	if wanted.Flags != s.out.Flags || wanted.Type != s.out.Type {
		a.message(a.warningf("other", st.Range, "section '%s' keeps the attributes that it was opened with", st.Name).
			NoteAt(s.out.Range, "it was opened here"))
	}
}

// strictAttributes is objectAttributes where every line counts: alignments grow,
// and what kind of section it is must stay the same.
func (a *assembler) strictAttributes(s *section, st *lang.Section) {
	before, wanted := s.out, s.out
	var kinds uint32 // what the attributes say anything of
	for i := range st.Attrs {
		wanted.Align = 1
		attr := &st.Attrs[i]
		change, known := a.opts.Object.Words[attr.Name]
		kinds |= change.NativeClear
		if attr.Value == nil && !known {
			a.fail(a.errorf(attr.Range, "%s has no section attribute '%s'", a.opts.Object.Name, attr.Name))
			return
		}
		if !a.objectAttribute(&wanted, attr) {
			return
		}
		before.Align = max(before.Align, wanted.Align)
	}
	wanted.Align = before.Align
	isNew := before.Range == st.Range && s != a.sections[0]
	if !isNew && (before.Native^wanted.Native)&kinds != 0 {
		a.fail(a.errorf(st.Range, "section '%s' was of another kind before", st.Name).NoteAt(before.Range, "it was opened here"))
		return
	}
	s.out = wanted
}

// comdat reads comdat=SELECTION:SYMBOL (nasm manual, 8.5.1).
func (a *assembler) comdat(attr *lang.Arg) *program.Comdat {
	selection, symbol, _ := strings.Cut(strings.Join(attr.Words, ""), ":")
	n, err := strconv.ParseUint(selection, 10, 8)
	const associative, newest = 5, 7
	switch {
	case err != nil || symbol == "" || n == 0 || n > newest:
		a.fail(a.errorf(attr.Range, "comdat takes how to choose, from 1 to %d, and a symbol", newest).Notef("for example: comdat=2:function"))
		return nil
	case n == associative:
		a.fail(a.errorf(attr.Range, "sections that go with another one, comdat=%d, can't be made", associative))
		return nil
	}
	return &program.Comdat{Selection: uint8(n), Symbol: symbol, Range: attr.Range}
}

// objectAttribute does what one attribute says.
func (a *assembler) objectAttribute(s *program.Section, attr *lang.Arg) bool {
	name := strings.ToLower(attr.Name)
	change, known := a.opts.Object.Words[name]
	switch {
	case name == "align" && attr.Value != nil:
		n, ok := a.constant(attr.Value, attr.Range, "align")
		if ok && (n < 0 || bits.OnesCount64(uint64(n)) > 1) {
			a.fail(a.errorf(attr.Range, "a section's alignment must be a power of two, not %d", n))
			ok = false
		}
		if ok && n > 0 {
			s.Align = n
		}
		return ok
	case name == "comdat" && a.opts.Object.Family == "coff":
		s.Comdat = a.comdat(attr)
		return s.Comdat != nil
	case !known && a.opts.Object == object.COFF && (name == "rdata" || name == "info"):
		a.fail(a.errorf(attr.Range, "sections of coff can't be %s; those of win32 can", name))
		return false
	case !known || attr.Value != nil || attr.Words != nil:
		a.message(a.warningf("other", attr.Range, "%s has no section attribute '%s', so it is ignored", a.opts.Object.Name, attr.Name))
		return true
	}
	s.Flags = s.Flags&^change.Clear | change.Set
	s.Native = s.Native&^change.NativeClear | change.Native
	if change.SetType {
		s.Type = change.Type
	}
	if change.Align > 0 {
		s.Align = change.Align
	}
	if change.Element > 0 {
		factor := int64(1)
		if attr.Factor != nil {
			var ok bool
			if factor, ok = a.constant(attr.Factor, attr.Range, "the size of an element"); !ok {
				return false
			}
		}
		s.EntrySize = change.Element * factor
		s.Align = max(s.Align, change.Element&-change.Element)
	}
	return true
}
