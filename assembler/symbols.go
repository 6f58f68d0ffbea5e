package assembler

import (
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// symbol is a name and what the passes have learnt of it. A source has tens of thousands.
type symbol struct {
	name     string
	value    lang.Value
	pass     int            // the last pass in which it was defined, 0 for none
	at       diag.Range     // where it was defined, or declared external
	part     lang.SegmentID // of the subsection that begins at it, or 0
	equ      bool           // by EQU
	global   bool
	extern   bool
	promoted bool // declared EXTERN, and defined further down
	used     bool // some expression mentions it, or REQUIRED does
	local    bool // declared STATIC
	common   bool // by COMMON, for a linker to place
	typed    bool // a statement follows
	float    bool // some of the data behind it are floating-point constants of 32 bits
	// element is the size of an item of the data behind the label, in bytes.
	element int64
	count   int64 // items of data

	*declaration                 // nil where no directive names it
	exported     *program.Symbol // by finishSymbols
}

// declaration is what GLOBAL, STATIC, EXTERN or COMMON say of a symbol.
type declaration struct {
	// linkage is the directive that declared it first: global, static, extern or
	// common. It stands at linkageAt.
	linkage   string
	linkageAt diag.Range
	declared  *lang.Arg // all that was said, or nil
	// declaredIn is the section at hand where it was declared EXTERN.
	declaredIn *section
	size       int64  // of a common variable
	required   bool   // by REQUIRED
	announced  int    // the last pass in which the declaration was traced
	special    string // what it says behind a colon as text, where that is traced
	far        int64  // the size of its items, where it is one of OMF that may be far
	align      int64
}

// finishSymbols hands over the symbols of the last pass.
func (a *assembler) finishSymbols() {
	defined := func(s *symbol) bool { return s.pass == a.pass || s.common }
	n := 0
	for _, s := range a.order {
		if defined(s) || s.extern && s.used {
			n++
		}
	}
	p := a.out
	all := make([]program.Symbol, n)
	p.Symbols, p.Table = make([]*program.Symbol, 0, n), make([]*program.Symbol, 0, n)
	for _, s := range a.order {
		switch {
		case defined(s):
			p.Symbols = append(p.Symbols, &all[0])
		case s.extern && s.used:
			p.Externs = append(p.Externs, &all[0])
		default:
			continue
		}
		a.export(s, &all[0])
		s.exported, all = &all[0], all[1:]
	}
	for _, s := range a.table {
		if s.exported != nil {
			p.Table = append(p.Table, s.exported)
			s.exported = nil // it may have been declared twice
		}
	}
}

// export makes out of s what the program wants.
func (a *assembler) export(s *symbol, out *program.Symbol) {
	global := s.global && !s.local
	name := s.name
	if o := a.opts.Object; o == nil || !o.BareNames {
		name = a.affixes.Around(name, !s.common && (s.global || s.local || s.extern))
	}
	*out = program.Symbol{
		Name: name, Range: s.at, Value: s.value,
		Equ: s.equ, Global: global, Extern: s.extern, Element: s.element, Float: s.float, Count: s.count, Typed: s.typed,
	}
	if s.declaration != nil && s.declared != nil {
		a.link(out, s)
	}
}

// linkWords are the words that GLOBAL, EXTERN and REQUIRED take after a colon
// (nasm manual, 8.9.5 "elf extensions to the GLOBAL directive").
var linkWords = map[string]func(*program.Linkage){
	"function":  func(l *program.Linkage) { l.Type = program.Function },
	"data":      func(l *program.Linkage) { l.Type = program.Object },
	"object":    func(l *program.Linkage) { l.Type = program.Object },
	"notype":    func(l *program.Linkage) { l.Type = program.NoType },
	"weak":      func(l *program.Linkage) { l.Weak = true },
	"strong":    func(l *program.Linkage) { l.Weak = false },
	"default":   func(l *program.Linkage) { l.Visibility = program.Default },
	"internal":  func(l *program.Linkage) { l.Visibility = program.Internal },
	"hidden":    func(l *program.Linkage) { l.Visibility = program.Hidden },
	"protected": func(l *program.Linkage) { l.Visibility = program.Protected },

	"private_extern": func(l *program.Linkage) { l.Visibility = program.Hidden },
}

// checkLinkage reports what the object format can't say of a symbol.
func (a *assembler) checkLinkage(s *symbol) {
	o, d := a.opts.Object, s.declared
	if o == nil || a.tracing() {
		return
	}
	if o.Family == "omf" && s.extern && d.Value == nil && (len(d.Words) == 0 || d.Words[0] == "wrt") {
		return
	}
	if d.Value != nil && !s.common && !o.SymbolValues || len(d.Words) > 0 && !s.common && o.SymbolWords == nil {
		a.message(a.errorf(d.Range, "%s can say nothing of a symbol but its name", o.Name))
		return
	}
	for _, word := range d.Words {
		if !s.common && !slices.Contains(o.SymbolWords, word) {
			a.message(a.errorf(d.Range, "%s can't say '%s' of a symbol", o.Name, word).
				Notef("it can say %s", strings.Join(o.SymbolWords, ", ")))
		}
	}
}

// link tells out what the declaration of s says. The size of a symbol may
// depend on symbols further down and on its own local labels.
func (a *assembler) link(out *program.Symbol, s *symbol) {
	d := s.declared
	a.checkLinkage(s)
	if a.opts.Object != nil && a.opts.Object.Family == "omf" && (s.extern || s.common) {
		out.Frame = a.frame(s)
	}
	for _, word := range d.Words {
		if change := linkWords[word]; change != nil {
			change(&out.Linkage)
		}
	}
	switch {
	case s.common:
		out.Common, out.Size = true, s.size
		out.Align = s.align
		out.Far = s.far
	case d.Value != nil:
		parent := a.parent
		a.parent = s.name
		if n, ok := a.constant(d.Value, d.Range, "the size of a symbol"); ok {
			out.Size = n
		}
		a.parent = parent
	}
}

// isLocal reports whether name belongs to the last ordinary label before it.
// Names that start with two dots ("..@x") stand for themselves.
func (a *assembler) isLocal(name string) bool {
	return name != "" && name[0] == '.' && (len(name) == 1 || name[1] != '.') || a.opts.Turbo && strings.HasPrefix(name, "@@")
}

// symbol is find for a name whose number is known, or 0.
func (a *assembler) symbol(name string, id int32) *symbol {
	if id == 0 {
		return a.find(name)
	}
	if n := int(id) + 1; n > len(a.numbered) {
		a.numbered = doubled(a.numbered, n)[:n]
	}
	if a.numbered[id] == nil {
		a.numbered[id] = a.newSymbol(name)
	}
	return a.numbered[id]
}

// find returns the symbol of that name as seen from the statement at hand,
// making it when it is mentioned for the first time.
func (a *assembler) find(name string) *symbol {
	if a.isLocal(name) && a.parent != "" {
		a.local = append(append(a.local[:0], a.parent...), name...)
		if s := a.symbols[string(a.local)]; s != nil {
			return s
		}
		name = string(a.local)
	} else if id := a.parser.Number(name); id != 0 {
		return a.symbol(name, id)
	} else if s := a.symbols[name]; s != nil {
		return s
	}
	s := a.newSymbol(name)
	a.symbols[name] = s
	return s
}

func (a *assembler) newSymbol(name string) *symbol {
	s := a.room.Node()
	s.name = name
	a.order = append(doubled(a.order, len(a.order)+1), s)
	return s
}

// doubled makes room for n symbols in a list, and for as many again: append would make room
// for a quarter more, and leave several times as much garbage behind.
func doubled(list []*symbol, n int) []*symbol {
	if n <= cap(list) {
		return list
	}
	return append(make([]*symbol, 0, 2*n), list...)
}

// define gives a label or EQU its value in this pass.
func (a *assembler) define(label *lang.Label, value lang.Value, equ bool) {
	s := a.symbol(label.Name, label.ID)
	if isSpecial(label.Name) && !strings.HasPrefix(label.Name, "..@") && !a.isStart(label.Name) {
		a.message(a.errorf(label.Range, "'%s' is no label: names with two dots in front are reserved", label.Name).
			Notef("a label outside the scopes of local labels begins with ..@"))
	}
	value.Forward = false
	if s.pass == a.pass {
		if s.value == value {
			a.message(a.warningf("label-redef", label.Range, "'%s' is defined a second time, with the same value", s.name).
				NoteAt(s.at, "the first definition is here"))
			return
		}
		a.message(a.errorf(label.Range, "'%s' is defined twice", s.name).
			NoteAt(s.at, "the first definition is here").
			Notef("give one of them another name; a label that starts with a dot (.%s) only has to be unique below its parent", label.Name))
		return
	}
	if s.common && a.opts.Object != nil {
		a.message(a.errorf(label.Range, "'%s' is COMMON, so the linker makes it", s.name).
			NoteAt(s.linkageAt, "it is declared here"))
		return
	}
	if s.extern {
		// What is declared and then defined is as good as GLOBAL (nasm manual, 7.6).
		s.extern, s.global, s.promoted = false, true, true
	}
	if s.pass == 0 || s.value != value {
		a.changed = s
		a.changes++
	}
	s.value, s.pass, s.at, s.equ = value, a.pass, label.Range, equ
	a.table = append(a.table, s)
	a.traceSymbol(program.DefinesLabel, s)
	s.element, s.float, s.count, s.typed = 0, false, 0, false
	if _, placed := value.Segment(); placed || a.opts.Object == nil || a.opts.Object.Family != "coff" && a.opts.Object.Segments == nil {
		a.recent = s // to CodeView and debuggers for segmented memory a number is no symbol
	}
}

// noteElement tells the label before a data statement what it names: the label
// need not stand on the same line, as for nasm.
func (a *assembler) noteElement(body lang.Body, size int64) {
	s := a.recent
	if s == nil || s.element != 0 {
		return
	}
	if _, placed := s.value.Segment(); !placed {
		return
	}
	if _, file := body.(*lang.Incbin); file {
		return // of which nasm tells a debugger nothing
	}
	s.typed = true
	if a.segmentWords() != nil {
		defer func() { a.recent = nil }() // for debuggers for segmented memory only the first statement counts
	}
	switch body := body.(type) {
	case *lang.Align:
		switch {
		case body.Fill != nil:
			a.noteElement(body.Fill, size)
		case body.Reserve:
			s.element = 1
		}
	case *lang.Data:
		s.element, s.count = int64(body.Width), int64(len(body.Items))
		if body.Items == nil {
			s.count = size // padding
		}
		s.float = body.Width == 4 && hasFloat(body.Items)
		if body.Width == 16 {
			s.element = 32 // as nasm has it
		}
	case *lang.Reserve:
		s.element = int64(body.Width)
		s.count = size / int64(body.Width)
	case *lang.Instruction:
		if body.Name == "" {
			s.element = 1 // to nasm prefixes alone belong to a RESB 0
		}
	}
}

// hasFloat reports whether one of the items is a floating-point constant.
func hasFloat(items []lang.DataItem) bool {
	return slices.ContainsFunc(items, func(item lang.DataItem) bool {
		value := item.Value
		if sign, ok := value.(*lang.Unary); ok {
			value = sign.X
		}
		_, float := value.(*lang.Float)
		return float || hasFloat(item.Group)
	})
}

// defineLabel defines a label at the current place.
func (a *assembler) defineLabel(label *lang.Label) {
	a.beginPart(label.Name)
	a.define(label, a.Here(), false)
	if !a.isLocal(label.Name) && !isSpecial(label.Name) {
		a.parent = label.Name
	}
}

// isSpecial reports whether name is one that does not begin a new scope of
// local labels, as "..@x" of a macro.
func isSpecial(name string) bool { return len(name) > 1 && name[0] == '.' && name[1] == '.' }

// Symbol implements lang.Env.
func (a *assembler) Symbol(ref *lang.Symbol) (lang.Value, *diag.Message) {
	a.asked = true
	s := a.symbol(ref.Name, ref.ID)
	s.used = true
	switch {
	case s.pass == a.pass:
		return s.value, nil
	case s.extern, s.common:
		return s.value, nil
	case isSpecial(ref.Name) && a.isWrtName(ref.Name):
		return lang.InSegment(a.special(ref.Name), 0), nil
	case a.opts.Flat && namesSection(s.name):
		s.extern, s.at = true, ref.Range
		s.value = lang.InSegment(a.newSegment(), 0)
		return s.value, nil
	case s.pass == a.pass-1 && s.pass > 0:
		v := s.value
		v.Forward = true
		return v, nil
	case a.final:
		return lang.Value{Unknown: true}, a.undefined(ref, s)
	}
	return lang.Value{Unknown: true, Forward: true}, nil
}

// isStart reports whether name is the label that says where the program begins.
func (a *assembler) isStart(name string) bool {
	return name == program.StartLabel && a.opts.Object != nil && a.opts.Object.HasStart
}

// isWrtName reports whether name is one that the object format gives a meaning
// behind WRT.
func (a *assembler) isWrtName(name string) bool {
	return a.opts.Object != nil && slices.Contains(a.opts.Object.Specials, name)
}

// special returns the segment number that stands for such a name.
func (a *assembler) special(name string) lang.SegmentID {
	for id, n := range a.specials {
		if n == name {
			return id
		}
	}
	if a.specials == nil {
		a.specials = map[lang.SegmentID]string{}
	}
	id := a.newSegment()
	a.specials[id] = name
	return id
}

// namesSection reports whether name stands for the place of a section in a flat
// binary, which layout knows: section.NAME.start in the file, section.NAME.vstart
// at run time (nasm manual, 8.1.4).
func namesSection(name string) bool {
	return strings.HasPrefix(name, "section.") && (strings.HasSuffix(name, ".start") || strings.HasSuffix(name, ".vstart"))
}

// Here implements lang.Env: $ is the start of the statement.
func (a *assembler) Here() lang.Value {
	a.asked = true
	return a.current.address(a.here)
}

// SectionStart implements lang.Env: $$. That of an ABSOLUTE place is what its
// address counts from: 0, or the start of the section whose label it is at.
func (a *assembler) SectionStart() lang.Value {
	a.asked = true
	return a.current.address(-a.current.base.N)
}

// Warn takes a doubt about the expression at hand.
func (a *assembler) Warn(m *diag.Message) { a.warn(m) }

// Bits tells the preprocessor's __?BITS?__ the width of the code at hand.
func (a *assembler) Bits() int { return a.bits }

// FloatMode tells expressions how constants are rounded.
func (a *assembler) FloatMode() lang.FloatMode { return a.float }

// AsNasm implements lang.NasmEnv.
func (a *assembler) AsNasm() bool { return a.target == "" }

// counters are registers that no instruction names, and what does what is wanted.
var counters = map[string]string{
	"rip":    "to read it, write: lea rax, [rel $]; to change it: jmp PLACE",
	"eip":    "to read it, write: call next, then next: pop eax; to change it: jmp PLACE",
	"ip":     "to change it, write: jmp PLACE",
	"pc":     "to change it, write: jmp PLACE",
	"eflags": "to read it, write: pushfd, then pop eax; to change it: push eax, then popfd",
	"rflags": "to read it, write: pushfq, then pop rax; to change it: push rax, then popfq",
	"flags":  "to read it, write: pushf, then pop ax; to change it: push ax, then popf",
}

func (a *assembler) undefined(ref *lang.Symbol, s *symbol) *diag.Message {
	if strings.EqualFold(ref.Name, "ptr") {
		return diag.Errorf(ref.Range, "PTR is not needed here").
			Notef("write the size right before the brackets: dword [x]").
			Suggest(ref.Range, "")
	}
	m := diag.Errorf(ref.Range, "'%s' is not defined", s.name)
	switch {
	case a.messages.Full(diag.Error):
		return m
	case strings.ContainsAny(ref.Name, "“”‘’„"):
		return diag.Errorf(ref.Range, "these are not the quotation marks of a string").Notef(`write 'a' or "a", with straight marks`)
	case isHexadecimal(ref.Name):
		return m.Notef("a number begins with a digit: 0%s", ref.Name).Suggest(ref.Range, "0"+ref.Name)
	case strings.EqualFold(ref.Name, "o"):
		return m.Notef("is the digit 0 meant?").Suggest(ref.Range, "0")
	case a.opts.Object == nil && slices.ContainsFunc(object.Formats, func(f *object.Format) bool { return slices.Contains(f.Specials, ref.Name) }):
		return m.Notef("it asks a linker for something: make an object, tasm build -f elf64 x.tasm -o x.o (elf32 for 32 bits, which nasm calls elf too)")
	}
	if class, _ := (x86.Vocabulary{}).Later(strings.ToLower(ref.Name)); class == lang.RegisterWord {
		return m.Notef("the register came with APX: write 'cpu apx' first")
	}
	if advice := counters[strings.ToLower(ref.Name)]; advice != "" {
		return diag.Errorf(ref.Range, "%s can't be an operand", ref.Name).Notef("%s", advice)
	}
	if a.near.Candidates == nil {
		a.near.Candidates = []string{}
		for _, other := range a.order {
			if other.pass > 0 && other.pass >= a.pass-1 || other.extern {
				a.near.Candidates = append(a.near.Candidates, other.name)
			}
		}
	}
	if near := a.near.To(s.name); near != "" {
		text := near
		if a.isLocal(ref.Name) && len(near) > len(a.parent) && near[:len(a.parent)] == a.parent {
			text = near[len(a.parent):]
		}
		return m.Notef("did you mean '%s'?", text).Suggest(ref.Range, text)
	}
	if !a.isLocal(ref.Name) || a.messages.Errors() > maxSearched {
		return m.Notef("define it with '%s:', or declare it EXTERN if another file defines it", ref.Name)
	}
	if i := slices.IndexFunc(a.order, func(o *symbol) bool {
		return o.pass == a.pass && len(o.name) > len(ref.Name) && o.name[len(o.name)-len(ref.Name):] == ref.Name
	}); i >= 0 {
		return m.Notef("a local label belongs to the ordinary label before it: from here this one is called '%s'", a.order[i].name)
	}
	return m.Notef("define it with '%s:', or declare it EXTERN if another file defines it", ref.Name)
}

// isHexadecimal reports whether name is a number like FFh but for its first digit.
func isHexadecimal(name string) bool {
	digits, ok := strings.CutSuffix(strings.ToLower(name), "h")
	return ok && digits != "" && strings.Trim(digits, "0123456789abcdef") == ""
}
