package assembler

import (
	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// exportToLinker obeys EXPORT in COFF: the linker finds the name among the options in
// section .drectve (nasm manual, 8.5 "win32").
func (a *assembler) exportToLinker(d *lang.Directive) {
	if len(d.Args) != 1 {
		a.fail(a.errorf(d.Range, "EXPORT takes one name here"))
		return
	}
	a.linkerSection(".drectve", d.Range, object.Attributes{Flags: program.Info, Align: 1})
	a.out.Exports = append(a.out.Exports, d.Args[0].Name)
}

// safeHandler obeys SAFESEH, which puts an exception handler into the list that
// Windows trusts, in section .sxdata.
func (a *assembler) safeHandler(d *lang.Directive) {
	if a.opts.Object != object.Win32 {
		a.fail(a.errorf(d.Range, "SAFESEH is for win32"))
		return
	}
	if len(d.Args) != 1 {
		a.fail(a.errorf(d.Range, "SAFESEH takes the name of a handler"))
		return
	}
	a.linkerSection(".sxdata", d.Range, object.Attributes{Flags: program.Info, Native: object.COFFLinkInfo})
	a.out.SafeHandlers = append(a.out.SafeHandlers, d.Args[0])
}

// linkerSection makes a section, unless it exists, that the object's writer fills.
func (a *assembler) linkerSection(name string, at diag.Range, has object.Attributes) {
	s := a.named[name]
	if s == nil {
		s = &section{out: program.Section{ID: a.newSegment(), Name: name, Range: at, Flags: has.Flags, Align: has.Align, Native: has.Native}}
		a.named[name] = s
		a.sections = append(a.sections, s)
		s.begin()
	}
	s.opened = true
}
