package parser

import (
	"slices"

	"tasm/diag"
	"tasm/lang"
)

// instruction parses a mnemonic and its operands. nil means failure.
func (g *grammar) instruction(w *word) *lang.Instruction {
	in := g.Instructions.Node()
	in.Range, in.Name, in.ID = g.peek().Range, w.name, w.id
	g.pos++
	if g.pos < len(g.tokens) {
		var ok bool
		if in.Operands, ok = g.operandsToEnd(); !ok {
			return nil
		}
	}
	return in
}

// operandsToEnd parses operands separated by commas. A comma after the last is
// allowed, as in nasm.
func (g *grammar) operandsToEnd() ([]lang.Operand, bool) {
	list := g.operandList[:0]
	if g.extended {
		var ok bool
		if list, ok = g.behindMnemonic(list); !ok {
			return nil, false
		}
	}
	for g.pos < len(g.tokens) {
		list = append(list, lang.Operand{})
		if !g.operand(&list[len(list)-1]) {
			return nil, false
		}
		if !g.peek().is(",") {
			break
		}
		g.pos++
	}
	g.operandList = list
	return g.Operands.List(list), true
}

// operand parses one operand.
func (g *grammar) operand(o *lang.Operand) bool {
	first, start := g.peek(), g.pos
	if !g.modifiers(o) {
		return false
	}
	pointed := g.pointed(start)
	t := g.peek()
	switch {
	case t.is("["):
		if !g.memory(o, nil) {
			return false
		}
	case t.is("{"): // {rn-sae} as an operand of its own
	default:
		if o.Value = g.expression(); o.Value == nil || g.assigned(o.Value) {
			return false
		}
		if next := g.peek(); next.Kind == Punctuation {
			switch next.Text {
			case "[":
				if !g.displaced(o) {
					return false
				}
			case ":":
				if !g.afterColon(o) {
					return false
				}
			}
		}
	}
	for g.peek().is("{") {
		if !g.decorator(o) {
			return false
		}
	}
	if pointed && o.Memory == nil {
		o.Memory = g.Memories.Node()
	}
	o.Range = g.from(first.Range)
	return true
}

// pointed reports whether PTR of %use masm stands among the words from start on: then
// an address in memory follows, with brackets or without.
func (g *grammar) pointed(start int) bool {
	return slices.ContainsFunc(g.tokens[start:g.pos], func(t Token) bool { return t.Text == "__?masm_ptr?__" })
}

// modifiers parses the size and other words before an operand. Of several
// sizes the first counts, as in nasm.
func (g *grammar) modifiers(o *lang.Operand) bool {
	for {
		t := g.peek()
		if t.Kind != Identifier {
			return true
		}
		w := g.lookAt(g.pos)
		switch w.kind {
		case sizeWord:
			if o.Size == 0 {
				o.Size = w.width
			}
		case strictWord:
			o.Strict = true
		case toWord:
			o.To = true
		case distanceWord:
			o.Distance = lang.Distance(w.id)
		case plainWord:
			switch {
			case t.Text == "__?masm_ptr?__":
			case t.Text == "__?masm_flat?__" && g.peekAt(1).is(":"):
				g.pos++
			default:
				return true
			}
		default:
			return true
		}
		g.pos++
	}
}

// memory parses an operand in brackets. segment is an override that stood
// before them, or nil.
func (g *grammar) memory(o *lang.Operand, segment *lang.Register) bool {
	open := g.peek()
	g.pos++
	m := g.Memories.Node()
	m.Segment = segment
	o.Memory = m
	if !g.addressWords(o) {
		return false
	}
	if at := g.peek(); at.is(",") { // [,index]
		o.Value = &lang.Number{Range: at.Range}
	} else if o.Value = g.expression(); o.Value == nil {
		return false
	}
	if t := g.peek(); t.is(":") {
		r := g.segmentRegister(o.Value)
		switch {
		case r == nil:
			return false
		case m.Segment != nil:
			g.fail(diag.Errorf(r.Range, "this address has two segment registers"))
			return false
		}
		m.Segment = r
		g.pos++
		if !g.addressWords(o) {
			return false
		}
		if o.Value = g.expression(); o.Value == nil {
			return false
		}
	}
	if at := g.peek(); at.is(",") {
		g.pos++
		m.Base = o.Value
		if m.Index = g.expression(); m.Index == nil {
			return false
		}
		o.Value = g.binary(lang.OpAdd, at, m.Base, m.Index)
	}
	t := g.peek()
	if !t.is("]") {
		msg := g.mismatch(t, "']'").NoteAt(open.Range, "it closes this bracket")
		if t.is(",") {
			msg.Notef("the parts of an address are added: [base + index*4 + offset]")
		}
		g.fail(msg)
		return false
	}
	g.pos++
	if t := g.peek(); t.is("[") {
		g.fail(diag.Errorf(t.Range, "an address stands in one pair of brackets").
			Notef("write [a+b] instead of [a][b]"))
		return false
	}
	return true
}

// addressWords parses the words that may stand at the start of an address.
func (g *grammar) addressWords(o *lang.Operand) bool {
	m := o.Memory
	for {
		t := g.peek()
		if t.Kind != Identifier {
			return true
		}
		w := g.lookAt(g.pos)
		switch w.kind {
		case sizeWord:
			if g.turbo {
				o.Size = w.width
				break
			}
			if w.width > 8 {
				g.fail(diag.Errorf(t.Range, "the displacement of an address can't have the size %s", w.name).
					Notef("the size of what stands in memory goes before the bracket: %s [...]", w.name))
				return false
			}
			m.DispSize = w.width
		case relWord:
			m.Rel = true
		case absWord:
			m.Abs = true
		case nosplitWord:
			m.NoSplit = true
		case prefixWord:
			size := map[string]uint8{"a16": 2, "a32": 4, "a64": 8}[w.name]
			if size == 0 {
				g.fail(diag.Errorf(t.Range, "the prefix %s can't stand in an address", w.name).
					Notef("write it before the instruction"))
				return false
			}
			if m.AddressSize != 0 && m.AddressSize != size {
				g.fail(diag.Errorf(t.Range, "this address has two different sizes"))
				return false
			}
			m.AddressSize = size
		case strictWord, toWord, distanceWord:
			g.fail(diag.Errorf(t.Range, "%s can't stand in an address", t.Text).
				Notef("write it before the bracket"))
			return false
		default:
			return true
		}
		g.pos++
	}
}

// displaced parses the bracket of table[ebx]: the displacement before it is
// already in o.Value.
func (g *grammar) displaced(o *lang.Operand) bool {
	at := g.peek()
	displacement := o.Value
	if !g.memory(o, nil) {
		return false
	}
	o.Value = g.binary(lang.OpAdd, at, o.Value, displacement)
	return true
}

// afterColon parses what follows the colon of es:[di], es:variable or of a far
// pointer; what stands before it is in o.Value.
func (g *grammar) afterColon(o *lang.Operand) bool {
	g.pos++
	if _, ok := o.Value.(*lang.Register); ok {
		r := g.segmentRegister(o.Value)
		if r == nil {
			return false
		}
		if g.peek().is("[") {
			return g.memory(o, r)
		}
		o.Memory = g.Memories.Node()
		o.Memory.Segment = r
		if !g.addressWords(o) {
			return false
		}
		if o.Value = g.expression(); o.Value == nil {
			return false
		}
		if g.peek().is("[") {
			return g.displacedIn(o, r)
		}
		return true
	}
	o.Segment, o.Value = o.Value, nil
	if !g.modifiers(o) {
		return false
	}
	if g.peek().is("[") {
		g.segmentRegister(o.Segment)
		return false
	}
	o.Value = g.expression()
	return o.Value != nil
}

// segmentRegister returns the segment register that e, which stands before the
// colon of an address, must be. nil means failure.
func (g *grammar) segmentRegister(e lang.Expr) *lang.Register {
	if r, ok := e.(*lang.Register); ok {
		if _, ok := g.segmentPrefix(r.ID); ok {
			return r
		}
	}
	g.fail(diag.Errorf(e.Span(), "only a segment register can stand before ':' in an address").
		Notef("for example [fs:ebx+4]; the segment registers are es, cs, ss, ds, fs and gs"))
	return nil
}

// displacedIn is displaced with a segment register in front.
func (g *grammar) displacedIn(o *lang.Operand, segment *lang.Register) bool {
	if !g.displaced(o) {
		return false
	}
	if o.Memory.Segment != nil {
		g.fail(diag.Errorf(o.Memory.Segment.Range, "this address has two segment registers"))
		return false
	}
	o.Memory.Segment = segment
	return true
}

// decorator parses {k1}, {z}, {1to8} or {rn-sae} after an operand.
func (g *grammar) decorator(o *lang.Operand) bool {
	open := g.peek()
	g.pos++
	start := g.pos
	text := ""
	for {
		t := g.peek()
		if t.is("}") {
			break
		}
		if t.Kind != Identifier && t.Kind != Number && !t.is("-") || t.Space && g.pos > start {
			g.fail(g.mismatch(t, "'}'").NoteAt(open.Range, "it closes this brace"))
			return false
		}
		text += t.Text
		g.pos++
	}
	if text == "" {
		g.unexpected(g.peek(), "a mask register, z, a broadcast or a rounding mode")
		return false
	}
	g.pos++
	o.Decorators = append(o.Decorators, lang.Name{Range: g.from(open.Range), Text: lower(text)})
	return true
}
