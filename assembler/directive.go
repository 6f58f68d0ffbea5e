package assembler

import (
	"math/bits"
	"strconv"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/program"
)

// directives are the directives without a syntax of their own. A nil handler
// accepts the directive and ignores it.
var directives map[string]func(*assembler, *lang.Directive)

func init() {
	directives = map[string]func(*assembler, *lang.Directive){
		"bits":      (*assembler).bitsDirective,
		"default":   (*assembler).defaultDirective,
		"org":       (*assembler).org,
		"absolute":  (*assembler).absolute,
		"global":    (*assembler).global,
		"static":    (*assembler).static,
		"extern":    (*assembler).extern,
		"required":  (*assembler).extern,
		"common":    (*assembler).common,
		"sectalign": (*assembler).sectalign,
		"cpu":       (*assembler).cpuDirective,
		"float":     (*assembler).floatDirective,
		"list":      nil,
		"warning":   (*assembler).warningDirective,
		"debug":     nil,
		"map":       nil,
		"osabi":     (*assembler).osabi,
		"pragma":    (*assembler).pragma,
		"group":     (*assembler).groupDirective,
		"uppercase": (*assembler).uppercase,
		"import":    (*assembler).importDirective,
		"export":    (*assembler).exportDirective,
		"safeseh":   (*assembler).safeHandler,
	}
}

func (a *assembler) directive(d *lang.Directive) {
	handle, known := directives[d.Name]
	if !known {
		a.fail(a.errorf(d.Range, "there is no directive '%s'", d.Name))
		return
	}
	if !a.traceDirective(d) && handle != nil {
		handle(a, d)
	}
}

// argument returns the only argument of d.
func (a *assembler) argument(d *lang.Directive, example string) (*lang.Arg, bool) {
	if len(d.Args) != 1 {
		a.fail(a.errorf(d.Range, "%s takes one argument", strings.ToUpper(d.Name)).Notef("for example: %s", example))
		return nil, false
	}
	return &d.Args[0], true
}

// warningDirective says what becomes of the warnings from here on.
func (a *assembler) warningDirective(d *lang.Directive) {
	option := ""
	for i := range d.Args {
		option += d.Args[i].Name
	}
	a.warnings.Set(option)
	a.messages.Under(&a.warnings)
	a.syntax.Under(&a.warnings)
}

func (a *assembler) bitsDirective(d *lang.Directive) {
	arg, ok := a.argument(d, "bits 32")
	if !ok {
		return
	}
	n, ok := a.constant(arg.Value, arg.Range, "BITS")
	switch {
	case !ok:
	case n == 32 && a.lacks(cpu386), n == 64 && a.lacks(cpuX64):
		a.fail(a.errorf(arg.Range, "the CPU named above has no %d-bit code", n))
	case n == 16 || n == 32 || n == 64:
		a.bits = int(n)
	default:
		a.fail(a.errorf(arg.Range, "code is 16, 32 or 64 bits wide, not %d", n))
	}
}

// defaults are what DEFAULT says.
type defaults struct{ rel, bound bool }

func (a *assembler) defaultDirective(d *lang.Directive) {
	before := a.defaults
	for i := range d.Args {
		arg := &d.Args[i]
		switch strings.ToLower(arg.Name) {
		case "rel", "abs":
			a.defaults.rel = strings.EqualFold(arg.Name, "rel")
		case "bnd", "nobnd":
			a.defaults.bound = strings.EqualFold(arg.Name, "bnd")
		default:
			a.fail(a.errorf(arg.Range, "DEFAULT takes rel or abs").
				Notef("default rel makes plain addresses relative to the instruction pointer in 64-bit code"))
		}
	}
	a.lateDefault = a.lateDefault || a.used64 && a.defaults != before || a.defaults.bound != before.bound
}

func (a *assembler) org(d *lang.Directive) {
	if !a.opts.Flat {
		a.fail(a.errorf(d.Range, "ORG is for flat binaries: an executable's addresses are chosen by its layout").
			Notef("build a flat binary with -f bin, or remove the line"))
		return
	}
	arg, ok := a.argument(d, "org 0x7c00")
	if !ok {
		return
	}
	n, ok := a.constant(arg.Value, arg.Range, "ORG")
	if !ok {
		return
	}
	if a.originSet && n != a.out.Origin {
		a.fail(a.errorf(d.Range, "the origin is set twice").NoteAt(a.out.OriginSet, "it was set here"))
		return
	}
	a.originSet = true
	a.out.Origin, a.out.OriginSet = n, d.Range
}

func (a *assembler) absolute(d *lang.Directive) {
	arg, ok := a.argument(d, "absolute 0x500")
	if !ok {
		return
	}
	if arg.Value == nil {
		a.fail(a.errorf(arg.Range, "ABSOLUTE takes an address"))
		return
	}
	v, ok := a.eval(arg.Value)
	if !ok {
		return
	}
	v.Forward, v.Unknown = false, false
	a.openAbsolute(v)
}

func (a *assembler) sectalign(d *lang.Directive) {
	arg, ok := a.argument(d, "sectalign 16")
	if !ok {
		return
	}
	n, ok := a.constant(arg.Value, d.Range, "an alignment")
	switch {
	case !ok:
	case n <= 0 || bits.OnesCount64(uint64(n)) != 1 || n > MaxSectionSize:
		a.fail(a.errorf(d.Range, "an alignment must be a power of two, not %d", n))
	default:
		a.raiseAlign(n)
	}
}

func (a *assembler) global(d *lang.Directive) {
	for i := range d.Args {
		s := a.find(d.Args[i].Name)
		if !a.declaredAs(s, "global", d.Args[i].Range) {
			continue
		}
		s.global, s.local = true, false
		s.declare(&d.Args[i])
		a.keepSpecial(s, d, i)
	}
}

// declaredAs notes that a directive declares s and reports whether that says something
// new. What an earlier directive said may contradict it. After GLOBAL and COMMON
// an EXTERN means nothing, and what is EXTERN may be GLOBAL once it is defined (nasm,
// declare_label).
func (a *assembler) declaredAs(s *symbol, linkage string, at diag.Range) bool {
	if s.declaration == nil {
		s.declaration = &declaration{}
	}
	switch old := s.linkage; {
	case old == "":
		s.linkage, s.linkageAt = linkage, at
	case old == linkage, old == "extern" && linkage == "global" && s.pass == a.pass:
	case linkage == "extern" && (old == "global" || old == "common"):
		return false
	default:
		a.message(a.errorf(at, "'%s' can't be %s as well as %s", s.name, strings.ToUpper(linkage), strings.ToUpper(old)).
			NoteAt(s.linkageAt, "the other declaration is here"))
		return false
	}
	return true
}

// declare remembers what a declaration says, unless an earlier one said more.
func (s *symbol) declare(arg *lang.Arg) {
	if s.declared == nil || len(arg.Words) > 0 || arg.Value != nil {
		s.declared = arg
	}
}

// osabi sets which system an ELF file is for, and the version of its ABI.
func (a *assembler) osabi(d *lang.Directive) {
	var values [2]uint8
	for i := range d.Args {
		n, ok := a.constant(d.Args[i].Value, d.Args[i].Range, "OSABI")
		if ok && (n < 0 || n > 255) {
			a.fail(a.errorf(d.Args[i].Range, "OSABI takes numbers from 0 to 255, not %d", n))
			ok = false
		}
		if !ok {
			return
		}
		values[i] = uint8(n)
	}
	a.out.OSABI, a.out.ABIVersion = values[0], values[1]
}

func (a *assembler) static(d *lang.Directive) {
	for i := range d.Args {
		if s := a.find(d.Args[i].Name); a.declaredAs(s, "static", d.Args[i].Range) {
			s.local = true
			s.declare(&d.Args[i])
			a.keepSpecial(s, d, i)
		}
	}
}

func (a *assembler) extern(d *lang.Directive) {
	for i := range d.Args {
		arg := &d.Args[i]
		s := a.find(arg.Name)
		if !a.declaredAs(s, "extern", arg.Range) {
			continue
		}
		s.declare(arg)
		a.keepSpecial(s, d, i)
		s.required = s.required || d.Name == "required"
		s.used = s.used || s.required
		switch {
		case s.extern:
		case s.pass != 0: // defined in this file, so as good as GLOBAL
			s.global = true
		default:
			s.extern = true
			s.at = arg.Range
			s.value = lang.InSegment(a.newSegment(), 0)
		}
		if s.extern {
			a.recent, s.declaredIn = nil, a.current
			a.table = append(a.table, s)
		}
		if s.extern || s.promoted {
			a.traceDeclared(s)
		}
	}
}

// common reserves room in .bss for a variable that several files may declare;
// in a program of one file it is just that.
func (a *assembler) common(d *lang.Directive) {
	if len(d.Args) != 1 || d.Args[0].Value == nil {
		a.fail(a.errorf(d.Range, "COMMON takes a name and a size").Notef("for example: common buffer 64"))
		return
	}
	arg := &d.Args[0]
	n, ok := a.constant(arg.Value, arg.Range, "COMMON")
	if !ok {
		return
	}
	if n < 0 || n > MaxSectionSize {
		a.fail(a.errorf(arg.Range, "COMMON can't reserve %d bytes", n))
		return
	}
	if a.opts.Object != nil || a.opts.Joined {
		a.declareCommon(arg, n)
		s := a.find(arg.Name)
		a.keepSpecial(s, d, 0)
		a.traceDeclared(s)
		return
	}
	back := a.current
	a.openSection(".bss", d.Range)
	a.define(&lang.Label{Range: arg.Range, Name: arg.Name}, a.Here(), false)
	st := &lang.Statement{Range: d.Range}
	a.place(program.Fragment{Kind: program.Space, Repeat: 1, Size: n, Source: st})
	a.current = back
}

// declareCommon leaves a variable of n bytes for the linker to place.
func (a *assembler) declareCommon(arg *lang.Arg, n int64) {
	s := a.find(arg.Name)
	if s.pass != 0 && !s.common {
		a.fail(a.errorf(arg.Range, "'%s' is defined in this file, so it can't be COMMON", s.name).
			NoteAt(s.at, "it is defined here"))
		return
	}
	if !a.declaredAs(s, "common", arg.Range) {
		return
	}
	if !s.common {
		s.common, s.global, s.at = true, true, arg.Range
		s.value = lang.InSegment(a.newSegment(), 0)
	}
	s.size = n
	s.declare(arg)
	s.declaredIn = a.current
	if a.opts.Object != nil && a.opts.Object.Family == "omf" {
		a.communal(s, arg)
	} else if len(arg.Words) > 0 && !a.tracing() {
		align, err := strconv.ParseInt(arg.Words[0], 0, 64)
		if err != nil || align <= 0 || bits.OnesCount64(uint64(align)) != 1 {
			a.fail(a.errorf(arg.Range, "the alignment of a common variable is a power of two, not '%s'", arg.Words[0]))
			return
		}
		s.align = align
	}
	a.table = append(a.table, s)
}

// targetDirective handles TARGET: it chooses the system to build for.
func (a *assembler) targetDirective(t *lang.Target) {
	if !a.targetAt.IsZero() {
		a.fail(a.errorf(t.Range, "the target is given twice").
			NoteAt(a.targetAt, "it was given here").
			Notef("name all targets in one line: target linux/386, linux/amd64"))
		return
	}
	a.targetAt = t.Range
	chosen := ""
	for _, name := range t.Names {
		if _, ok := linux.ABIFor(name.Text); !ok {
			m := diag.Errorf(name.Range, "there is no target '%s'", name.Text).
				Notef("targets are %s", strings.Join(targetNames(), ", "))
			if near := diag.Nearest(name.Text, targetNames()); near != "" {
				m.Suggest(name.Range, near)
			}
			a.fail(m)
			return
		}
		a.out.Targets = append(a.out.Targets, name.Text)
		if chosen == "" && (a.opts.Target == "" || a.opts.Target == name.Text) {
			chosen = name.Text
		}
	}
	if chosen == "" {
		a.fail(a.errorf(t.Range, "this program is not for %s", a.opts.Target).
			Notef("add it here if the source is fit for it, or build for %s", t.Names[0].Text))
		return
	}
	a.setTarget(chosen)
}

// setTarget makes name the system to build for.
func (a *assembler) setTarget(name string) {
	abi, ok := linux.ABIFor(name)
	if !ok {
		return
	}
	a.target, a.abi, a.bits = name, abi, abi.Bits
}

// entrySymbol finds the symbol that ENTRY names among the program's.
func (a *assembler) entrySymbol(ref *lang.Symbol) *program.Symbol {
	for _, s := range a.out.Symbols {
		if s.Name == ref.Name {
			return s
		}
	}
	a.fail(a.undefined(ref, &symbol{name: ref.Name}))
	return nil
}

func targetNames() []string {
	var names []string
	for _, t := range linux.Targets() {
		names = append(names, t.String())
	}
	return names
}
