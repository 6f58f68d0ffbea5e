package assembler

import (
	"math"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// statement goes over one statement: it defines its label, sizes it and, in
// the last pass, makes its fragments.
func (a *assembler) statement(l *line) {
	st := l.statement
	a.here, a.expansion = a.current.size, st.Expansion
	equ, isEqu := st.Body.(*lang.Equ)
	if st.Label != nil && !isEqu {
		a.defineLabel(st.Label)
	}
	if l.settled {
		a.place(l.fragment)
		return
	}
	if st.Body == nil {
		return
	}
	if l.sized && !a.final {
		a.current.size += l.size
		return
	}
	a.asked, a.resizes, a.failed = false, false, false
	before := a.here
	times := int64(1)
	if st.Times != nil {
		var ok bool
		if times, ok = a.times(st.Times); !ok {
			return
		}
		a.resizes = a.asked
	}

	switch body := st.Body.(type) {
	case *lang.Instruction:
		a.instruction(l, body, times)
	case *lang.Data:
		a.data(l, body, times)
	case *lang.Reserve:
		a.reserve(l, body, times)
	case *lang.Incbin:
		a.includeBinary(l, body, times)
	case *lang.Align:
		a.align(l, body)
	case *lang.Syscall:
		a.syscall(l, body, times)
	case *lang.Equ:
		a.equ(st, equ)
		return
	case *lang.Section:
		a.section(body)
		return
	case *lang.Directive:
		a.directive(body)
		return
	case *lang.Target:
		a.targetDirective(body)
		return
	case *lang.Entry:
		if a.entry != nil {
			a.fail(a.errorf(body.Symbol.Range, "the entry point is given twice").
				NoteAt(a.entry.Range, "it was given here"))
			return
		}
		a.entry = body.Symbol
		return
	case *lang.Image:
		a.out.Image = append(a.out.Image, body)
		return
	}
	if a.failed && a.asked {
		return
	} // else it fails the same way in the last pass, which says why
	l.size = a.current.size - before
	l.sized = !a.resizes
}

// times returns the count of a TIMES.
func (a *assembler) times(count lang.Expr) (int64, bool) {
	n, ok := a.constant(count, count.Span(), "TIMES")
	switch {
	case !ok:
		return 0, false
	case n > math.MaxInt32:
		if n = int64(int32(n)); n < 0 {
			a.fail(a.errorf(count.Span(), "TIMES can't repeat something more than %d times", math.MaxInt32))
			return 0, false
		}
		if n == 0 {
			return 0, true // x86inc.asm's ((label-$)>>31)+1: nothing where the label is another
		}
		a.warn(diag.Warningf("other", count.Span(), "of this count of TIMES only the low 32 bits matter: %d", n))
	case n < 0:
		a.fail(a.errorf(count.Span(), "TIMES can't repeat something %d times", n).
			Notef("what should fill up to a size (times 510-($-$$)) gives this when the code has grown past it"))
		return 0, false
	}
	return n, true
}

// equ handles EQU.
func (a *assembler) equ(st *lang.Statement, body *lang.Equ) {
	if st.Label == nil {
		a.fail(a.errorf(body.Range, "EQU needs a name in front of it").Notef("write NAME equ VALUE"))
		return
	}
	v, ok := a.eval(body.Value)
	if !ok {
		return
	}
	if body.Segment != nil {
		a.fail(a.errorf(body.Range, "EQU can't name a far pointer").
			Notef("name the segment and the offset with an EQU each, and jump to SEGMENT:OFFSET"))
		return
	}
	if v.Unknown && a.final && !a.unsettled {
		a.fail(a.errorf(body.Value.Span(), "the value of '%s' depends on itself", st.Label.Name))
		return
	}
	a.define(st.Label, v, true)
}

// eval evaluates an expression of the statement at hand.
func (a *assembler) eval(e lang.Expr) (v lang.Value, ok bool) {
	if m := lang.Eval(e, a, &v); m != nil {
		a.fail(m)
		return v, false
	}
	return v, true
}

// constant evaluates an expression that must be a plain number. A symbol
// without a value yet counts as zero until a later pass.
func (a *assembler) constant(e lang.Expr, at diag.Range, what string) (int64, bool) {
	if e == nil {
		a.fail(a.errorf(at, "%s needs a value", what))
		return 0, false
	}
	v, ok := a.eval(e)
	if !ok {
		return 0, false
	}
	if v.Unknown {
		return 0, true
	}
	if !v.IsNumber() {
		a.fail(a.errorf(e.Span(), "%s needs a plain number, and this is an address that only layout knows", what).
			Notef("the difference of two labels of one section is a plain number: end - start, or $ - start"))
		return 0, false
	}
	return v.N, true
}

// place puts f at the current place.
func (a *assembler) place(f program.Fragment) {
	s := a.current
	if f.Size != 0 && f.Repeat > MaxSectionSize/f.Size || s.size+f.Size*f.Repeat > MaxSectionSize {
		a.tooLarge(f.Source)
		return
	}
	if s.out.Flags&program.NoBits != 0 && f.Kind != program.Space {
		f = a.emptied(f)
	}
	a.used64 = a.used64 || f.Kind == program.Code && a.bits == 64
	if f.Kind == program.Code && a.bits == 16 && a.code16.IsZero() {
		a.code16 = f.Source.Range
	}
	f.Offset = s.size
	a.tracePlace(&f)
	if a.listing() && (f.Size*f.Repeat > 0 || f.Repeat > 1) {
		placed := f // else f would be allocated for each statement
		a.opts.Listing.Place(&placed, s.address(f.Offset).N, s.out.ID)
	}
	if a.final && a.opts.Lines && f.Repeat > 0 {
		if f.Size > 0 {
			a.out.Lines = append(a.out.Lines, program.Line{Section: s.out.ID, Offset: f.Offset, Source: f.Source})
		}
		a.noteElement(f.Source.Body, f.Size)
	}
	s.size += f.Size * f.Repeat
	switch {
	case f.Size*f.Repeat == 0 || s.absolute:
	case a.final:
		s.add(f, a.joins())
	case a.pass == 1:
		s.count++
	}
}

// add puts f behind the fragments of s, or into the last one where joins says that
// nobody asks which statement a byte comes from.
func (s *section) add(f program.Fragment, joins bool) {
	list := s.out.Fragments
	if !joins {
		if list == nil {
			list = make([]program.Fragment, 0, max(s.count, 1))
		}
		s.out.Fragments = append(list, f)
		return
	}
	join := joinable(&f)
	if n := len(list); n > 0 {
		switch last := &list[n-1]; {
		case join && s.takes(last, &f):
			s.extend(last, &f)
			return
		case last.Kind == program.Space && f.Kind == program.Space && last.Size*last.Repeat+f.Size*f.Repeat <= maxJoined:
			last.Size, last.Repeat = last.Size*last.Repeat+f.Size*f.Repeat, 1
			return
		}
	}
	f.Source = &lang.Statement{Range: f.Source.Range, Expansion: f.Source.Expansion}
	if join {
		first := program.Fragment{Kind: f.Kind, Offset: f.Offset, Repeat: 1, Source: f.Source}
		s.extend(&first, &f)
		f = first
	}
	s.out.Fragments = append(list, f)
}

// takes reports whether f can be added to the last fragment: if there is room behind that
// and messages about fixups say the same of both.
func (s *section) takes(last, f *program.Fragment) bool {
	return joinable(last) && last.Repeat == 1 && last.Size+f.Size*f.Repeat <= maxJoined &&
		(len(last.Fixups)+len(f.Fixups) == 0 || last.Source.Expansion == f.Source.Expansion) &&
		s.code.fits(last.Bytes, int(f.Size*f.Repeat)) && s.fixups.fits(last.Fixups, len(f.Fixups))
}

// extend adds the bytes and fixups of f, which may be scratch memory, to another fragment.
func (s *section) extend(to, f *program.Fragment) {
	fixed := len(to.Fixups)
	to.Fixups = s.fixups.append(to.Fixups, f.Fixups)
	for i := fixed; i < len(to.Fixups); i++ {
		to.Fixups[i].Offset += int32(to.Size)
		to.Fixups[i].End += int32(to.Size)
	}
	for range f.Repeat {
		to.Bytes = s.code.append(to.Bytes, f.Bytes)
	}
	to.Size += f.Size * f.Repeat
	if to.Kind != f.Kind {
		to.Kind = program.Data
	}
}

// own gives f bytes and fixups that last.
func (s *section) own(f *program.Fragment) {
	f.Bytes, f.Fixups = s.code.append(nil, f.Bytes), s.fixups.append(nil, f.Fixups)
}

func (a *assembler) tooLarge(st *lang.Statement) {
	a.fail(a.errorf(st.Range, "this makes the section larger than %d bytes", int64(MaxSectionSize)))
}

// emptied returns f without its contents, for a section that has none.
func (a *assembler) emptied(f program.Fragment) program.Fragment {
	st := f.Source
	switch {
	case a.current.absolute:
		a.message(a.errorf(st.Range, "nothing can be stored in ABSOLUTE space").
			Notef("only RESB and its like may stand here; go back with 'section .text' or 'section .data'"))
	case f.Kind != program.Padding:
		a.message(a.warningf("other", st.Range, "section '%s' has no contents: what is stored here is lost", a.current.out.Name).
			Notef("use RESB and its like to reserve room, or put initialised data into .data"))
	}
	f.Kind, f.Bytes, f.Fixups, f.Instruction, f.Form = program.Space, nil, nil, nil, nil
	return f
}
