package assembler

import (
	"encoding/binary"
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// tracing reports whether the program shall say what the source tells the format.
func (a *assembler) tracing() bool { return a.opts.Object == object.Trace }

// trace keeps an event of the last pass.
func (a *assembler) trace(e program.Event) {
	if !a.final || !a.tracing() {
		return
	}
	e.Parent, e.Absolute = a.parent, a.current.absolute
	if e.Kind != program.Places {
		e.Place = a.current.address(a.current.size)
	}
	a.out.Trace = append(a.out.Trace, e)
}

// traceSymbol keeps what becomes known of a symbol.
func (a *assembler) traceSymbol(kind program.EventKind, s *symbol) {
	if !a.final || !a.tracing() {
		return
	}
	class := program.LocalSymbol
	d := s.declaration
	if d == nil {
		d = &declaration{}
	}
	switch {
	case s.common:
		class = program.CommonSymbol
	case s.extern && d.required:
		class = program.RequiredSymbol
	case s.extern:
		class = program.ExternSymbol
	case s.local:
		class = program.StaticSymbol
	case s.global:
		class = program.GlobalSymbol
	case isSpecial(s.name) && !strings.HasPrefix(s.name, "..@"):
		class = program.SpecialSymbol
	}
	a.trace(program.Event{
		Kind: kind, Name: a.affixes.Around(s.name, class != program.LocalSymbol && class != program.CommonSymbol),
		Text: d.special, Value: s.value, Symbol: class, Equ: s.equ, Size: d.size,
		Used: s.used,
	})
}

// traceDeclared keeps the first declaration of s in the pass.
func (a *assembler) traceDeclared(s *symbol) {
	if s.announced != a.pass {
		s.announced = a.pass
		a.traceSymbol(program.DeclaresSymbol, s)
	}
}

// keepSpecial notes what d says behind the colon of the symbol with that number, as text.
func (a *assembler) keepSpecial(s *symbol, d *lang.Directive, number int) {
	parts := strings.Split(d.Text, ",")
	if !a.tracing() || number >= len(parts) {
		return
	}
	if _, text, _ := strings.Cut(parts[number], ":"); text != "" {
		s.special = strings.TrimSpace(text)
	}
}

// formatDirectives are the directives that nasm leaves to the output format, or to
// that of debug information.
var formatDirectives = []string{"debug", "export", "group", "import", "map", "org", "osabi", "safeseh", "uppercase"}

// traceDirective reports whether d goes to the format, and keeps it.
func (a *assembler) traceDirective(d *lang.Directive) bool {
	if !a.tracing() || !slices.Contains(formatDirectives, d.Name) {
		return false
	}
	e := program.Event{Kind: program.Directs, Name: d.Name, Text: d.Text}
	if d.Name == "group" && len(d.Args) > 0 {
		name := d.Args[0].Name
		if a.groupIDs == nil {
			a.groupIDs = map[string]lang.SegmentID{}
		}
		if a.groupIDs[name] == 0 {
			a.groupIDs[name] = a.newSegment()
		}
		e.Value = lang.SelectorOf(a.groupIDs[name])
		s := a.find(name)
		s.value, s.pass = e.Value, a.pass
	}
	a.trace(e)
	return true
}

// piece notes a piece of data. Its length is its size, and a field behind which zeros
// stand counts them too.
func (a *assembler) piece(p program.Piece) {
	if !a.final || !a.tracing() {
		return
	}
	p.Length = p.Size
	p.Unsigned = p.Kind == program.Address && isSelector(&p.Value)
	a.pieces = appendPiece(a.pieces, p)
}

// appendPiece adds p, of which a selector has only two bytes.
func appendPiece(list []program.Piece, p program.Piece) []program.Piece {
	const selectorSize = 2
	switch {
	case p.Kind != program.Address:
	case isSelector(&p.Value) && p.Size >= selectorSize:
		rest := p
		p.Kind, p.Size = program.SegmentPiece, selectorSize
		if rest.Size -= selectorSize; rest.Size > 0 {
			rest.Kind, rest.Offset = program.Zeros, rest.Offset+selectorSize
			return append(list, p, rest)
		}
	case slices.ContainsFunc(p.Value.Terms(), func(t lang.Term) bool { return t.Coef < 0 }):
		p.Kind = program.Distance
	}
	return append(list, p)
}

func isSelector(v *lang.Value) bool {
	terms := v.Terms()
	return len(terms) > 0 && terms[0].Kind == lang.SelectorTerm
}

// pieceOfRoom notes an item without contents, or that the room in front of it is larger.
func (a *assembler) pieceOfRoom(width int64, more bool) {
	if n := len(a.pieces); more && n > 0 {
		last := &a.pieces[n-1]
		last.Size, last.Length = last.Size+width, last.Length+width
		return
	}
	a.piece(program.Piece{Kind: program.Reserved, Size: width})
}

// pieceOfText notes a string, or a constant of floating point, and the zeros that fill it up.
func (a *assembler) pieceOfText(text []byte, padding int) {
	if !a.final || !a.tracing() {
		return
	}
	size := int64(len(text))
	length := size + int64(padding)
	if size > 0 {
		a.pieces = append(a.pieces, program.Piece{Kind: program.Raw, Bytes: text, Size: size, Length: length})
	}
	if padding > 0 {
		a.pieces = append(a.pieces, program.Piece{Kind: program.Raw, Bytes: make([]byte, padding), Offset: size, Size: int64(padding), Length: length})
	}
}

// isJump reports whether padding is a jump over the rest of it, which is never backwards.
func isJump(code []byte) bool { return code[0] == 0xEB || code[0] == 0xE9 }

// paddedByInstructions reports whether the padding consists of NOP as ALIGN itself writes
// it, and SMARTALIGN behind a jump. Otherwise it is data.
func (a *assembler) paddedByInstructions(f *program.Fragment) bool {
	if body, ok := f.Source.Body.(*lang.Align); ok && body.Mode == "" {
		return true
	}
	n := len(a.out.Trace)
	return n > 0 && a.out.Trace[n-1].Source == f.Source && a.out.Trace[n-1].Name == "jmp"
}

// tracePlace keeps what f is made of.
func (a *assembler) tracePlace(f *program.Fragment) {
	if !a.final || !a.tracing() {
		return
	}
	e := program.Event{Kind: program.Places, Place: a.current.address(f.Offset), Bits: a.bits, Source: f.Source, Pieces: a.pieces}
	a.pieces = nil
	size, repeat := f.Size, f.Repeat
	switch {
	case f.Form != nil:
		e.Name = x86.MnemonicName(f.Form.Mnemonic())
		e.Operands, e.Pieces = a.instructionPieces()
		if e.Name == "" { // prefixes alone are those of a RESB 0 to nasm
			e.Name, e.Operands = "resb", 1
		}
	case e.Pieces != nil:
	case f.Kind == program.Space:
		e.Name, e.Operands = reserveName(f.Source.Body), 1
		size, repeat = size*repeat, min(repeat, 1)
		e.Pieces = []program.Piece{{Kind: program.Reserved, Size: size, Length: size}}
	case f.Kind == program.Padding && a.paddedByInstructions(f):
		e.Name = "nop"
		e.Pieces = []program.Piece{{Kind: program.Raw, Bytes: nop, Size: 1, Length: 1}}
	case f.Kind == program.Padding && isJump(f.Bytes):
		e.Name, e.Operands = "jmp", 1
		var distance [8]byte
		copy(distance[:], f.Bytes[1:])
		target := e.Place
		target.N += size + int64(binary.LittleEndian.Uint64(distance[:]))
		e.Pieces = []program.Piece{
			{Kind: program.Raw, Bytes: f.Bytes[:1], Size: 1, Length: size},
			{Kind: program.Distance, Value: target, Signed: true, Offset: 1, Size: size - 1, Length: size},
		}
	case f.Kind == program.Padding:
		for _, b := range f.Bytes {
			e.Pieces = append(e.Pieces, program.Piece{Kind: program.Address, Value: lang.Number64(int64(b)), Size: 1, Length: 1})
		}
	default: // of a file the length is not told
		code := f.Bytes
		if _, file := f.Source.Body.(*lang.Incbin); !file {
			code = slices.Clone(code) // it is scratch memory
		}
		e.Pieces = []program.Piece{{Kind: program.Raw, Bytes: code, Size: size}}
	}
	for range repeat {
		a.trace(e)
		e.Place.N += size
	}
}

// reserveName is the directive that reserves room, as nasm's ALIGN calls it too.
func reserveName(body lang.Body) string {
	switch body := body.(type) {
	case *lang.Reserve:
		return map[int]string{1: "resb", 2: "resw", 4: "resd", 8: "resq", 10: "rest", 16: "reso", 32: "resy", 64: "resz"}[body.Width]
	case *lang.Align:
		if body.Fill != nil {
			return reserveName(body.Fill)
		}
	}
	return "resb"
}

// instructionPieces are those of the instruction just encoded, and how many operands
// it has.
func (a *assembler) instructionPieces() (operands int, list []program.Piece) {
	operands = len(a.inst.Operands)
	for i := range a.inst.Operands {
		if a.inst.Operands[i].Kind == x86.FarOperand {
			operands++
		}
	}
	for _, p := range a.enc.Pieces(&a.inst) {
		out := program.Piece{
			Size: int64(p.Size), Value: p.Value, Signed: p.Signed, Unsigned: p.Unsigned,
			Bytes:  slices.Clone(a.enc.Bytes[p.Offset : p.Offset+p.Size]),
			Offset: int64(p.Offset), Length: int64(a.enc.Length),
		}
		switch p.Kind {
		case x86.PieceNumber:
			out.Kind = program.Address
		case x86.PieceDistance:
			out.Kind = program.Distance
		case x86.PieceSelector:
			out.Kind = program.SegmentPiece
		}
		list = appendPiece(list, out)
	}
	return operands, list
}

// traceSection makes the name of a section a symbol, as the format does.
func (a *assembler) traceSection(s *section, st *lang.Section) {
	name, rest, _ := strings.Cut(st.Text, " ")
	a.trace(program.Event{Kind: program.OpensSection, Name: name, Text: strings.TrimSpace(rest)})
	if s.label == nil {
		s.label = a.find(name)
		s.label.value = lang.SelectorOf(s.out.ID)
	}
	s.label.pass = a.pass
}
