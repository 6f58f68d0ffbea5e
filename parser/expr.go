package parser

import (
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// binaryOps and unaryOps find an operator by its spelling; operatorStart tells
// which characters can begin a binary one.
var binaryOps, unaryOps, operatorStart = func() (binary, unary map[string]lang.Op, start [256]bool) {
	binary, unary = map[string]lang.Op{}, map[string]lang.Op{}
	for op, row := range lang.Operators() {
		for _, s := range row.Spellings {
			switch {
			case class[s[0]]&isIDStart != 0: // a word, see keywords
			case row.Unary:
				unary[s] = lang.Op(op)
			default:
				binary[s] = lang.Op(op)
				start[s[0]] = true
			}
		}
	}
	return
}()

// singleOps are the binary operators of one character.
var singleOps = func() (table [256]lang.Op) {
	for s, op := range binaryOps {
		if len(s) == 1 {
			table[s[0]] = op
		}
	}
	return
}()

// binaryOp returns the binary operator that t is, or OpNone.
func binaryOp(t *Token) lang.Op {
	if t.Kind != Punctuation || !operatorStart[t.Text[0]] {
		return lang.OpNone
	}
	if len(t.Text) == 1 {
		return singleOps[t.Text[0]]
	}
	return binaryOps[t.Text]
}

// expression parses an expression at the current token. It returns nil when
// there is none; the message is in g.failure then.
func (g *grammar) expression() lang.Expr {
	if g.depth == 0 {
		g.terms = 0
	}
	e := g.conditional()
	if e == nil {
		return nil
	}
	if t := g.peek(); t.Kind == Identifier {
		if w := g.look(t.Text); w.kind == operatorWord && lang.Op(w.id) == lang.OpWrt {
			g.pos++
			y := g.operandOf(t)
			if y == nil {
				return nil
			}
			return g.binary(lang.OpWrt, t, e, y)
		}
	}
	return e
}

// conditional parses X ? Y : Z, or a plain X.
func (g *grammar) conditional() lang.Expr {
	x := g.binaryAbove(lang.ConditionalPrecedence + 1)
	if x == nil || !g.peek().is("?") {
		return x
	}
	mark := g.peek()
	g.pos++
	if !g.enter(mark) {
		return nil
	}
	defer g.leave()
	y := g.conditional()
	if y == nil {
		return nil
	}
	if t := g.peek(); !t.is(":") {
		g.fail(diag.Errorf(t.Range, "expected ':' and the value for a false condition, not %s", t.describe()).
			NoteAt(mark.Range, "the condition of this '?' needs a value for both cases: X ? Y : Z"))
		return nil
	}
	g.pos++
	z := g.conditional()
	if z == nil {
		return nil
	}
	c := g.Conditionals.Node()
	c.X, c.Y, c.Z = x, y, z
	return c
}

// binaryAbove parses operands joined by binary operators of at least the given
// precedence, by climbing.
func (g *grammar) binaryAbove(precedence int) lang.Expr {
	x := g.unary()
	for x != nil {
		t := g.peek()
		op := binaryOp(t)
		if op == lang.OpNone {
			return x
		}
		p := op.Precedence()
		if p < precedence {
			return x
		}
		g.pos++
		y := g.binaryAbove(p + 1)
		if y == nil {
			return nil
		}
		x = g.binary(op, t, x, y)
	}
	return nil
}

func (g *grammar) binary(op lang.Op, at *Token, x, y lang.Expr) lang.Expr {
	b := g.Binaries.Node()
	b.Op, b.At, b.X, b.Y = op, at.Range, x, y
	return b
}

// unary parses an operand with the unary operators before it.
func (g *grammar) unary() lang.Expr {
	t := g.peek()
	if g.terms++; g.terms > maxTerms {
		g.fail(diag.Errorf(t.Range, "this expression has more than %d operands", maxTerms))
		return nil
	}
	g.pos++
	switch t.Kind {
	case Number:
		return g.constant(t)
	case Identifier:
		return g.name(t)
	case String:
		return g.text(t)
	case Float:
		f := &lang.Float{Range: t.Range, Text: t.Text}
		return f
	case Punctuation:
		switch t.Text {
		case "$", "$$":
			h := g.Heres.Node()
			h.Range, h.Section = t.Range, len(t.Text) == 2
			return h
		case "(":
			return g.parenthesised(t)
		}
		if op, ok := unaryOps[t.Text]; ok {
			x := g.operandOf(t)
			if x == nil {
				return nil
			}
			u := g.Unaries.Node()
			u.Range, u.Op, u.X = t.Range, op, x
			return u
		}
	}
	g.pos--
	if m := g.pointerSign(t); m != nil {
		g.fail(m)
	}
	g.unexpected(t, "a value")
	return nil
}

// operandOf parses what the unary operator (or WRT) t applies to.
func (g *grammar) operandOf(t *Token) lang.Expr {
	if !g.enter(t) {
		return nil
	}
	defer g.leave()
	return g.unary()
}

// parenthesised parses the rest of (X).
func (g *grammar) parenthesised(open *Token) lang.Expr {
	if !g.enter(open) {
		return nil
	}
	defer g.leave()
	x := g.conditional()
	if x == nil {
		return nil
	}
	if t := g.peek(); !t.is(")") {
		g.fail(g.mismatch(t, "')'").NoteAt(open.Range, "it closes this parenthesis"))
		return nil
	}
	g.pos++
	// In parentheses a string is a number even where a string may stand.
	if s, ok := x.(*lang.String); ok {
		u := g.Unaries.Node()
		u.Range, u.Op, u.X = open.Range, lang.OpPlus, s
		return u
	}
	return x
}

// enter and leave bound the depth of recursion.
func (g *grammar) enter(t *Token) bool {
	if g.depth++; g.depth > g.deepest {
		g.fail(diag.Errorf(t.Range, "this is nested more than %d deep", g.deepest))
		return false
	}
	return true
}

func (g *grammar) leave() { g.depth-- }

func (g *grammar) constant(t *Token) lang.Expr {
	n := g.Numbers.Node()
	n.Range = t.Range
	if len(t.Text) == 1 {
		n.N = int64(t.Text[0] - '0')
		return n
	}
	value, wide, bad := parseNumber(t.Text)
	if bad >= 0 {
		g.fail(badNumber(t, bad))
		return nil
	}
	n.N, n.Wide = int64(value), wide
	if wide {
		g.warn(diag.Warningf("number-overflow", t.Range, "this number does not fit in 64 bits and loses its upper bits"))
	}
	return n
}

// badNumber explains why t is no number.
func badNumber(t *Token, bad int) *diag.Message {
	at := t.Range
	if int(at.End-at.Start) == len(t.Text) {
		at.Start += int32(bad)
		at.End = at.Start + 1
	}
	m := diag.Errorf(at, "'%c' can't stand in the number %s", t.Text[bad], shown(t.Text))
	if rest, att := strings.CutPrefix(t.Text, "$0x"); att && allHex(rest) {
		return diag.Errorf(t.Range, "a number is written without '$', which is AT&T syntax").Suggest(t.Range, t.Text[1:])
	}
	if class[t.Text[bad]]&isHex != 0 && t.Text[0] != '$' && class[t.Text[0]]&isDigit != 0 && allHex(t.Text) {
		return m.Notef("a hexadecimal number is written 0x%s", t.Text).Suggest(t.Range, "0x"+t.Text)
	}
	return m.Notef("numbers are written 25, 0x19, 19h, 31q or 11001b; a name can't start with a digit")
}

func allHex(s string) bool { return skip(s, 0, isHex) == len(s) }

// text makes a character constant of the string t.
func (g *grammar) text(t *Token) lang.Expr {
	s := g.string(t)
	if len(s.Bytes) > 8 {
		g.warn(diag.Warningf("other", t.Range, "only the first eight bytes of this string count as a number").
			Notef("to store the whole string, let it stand alone between commas"))
	}
	return s
}

// string makes a node of a String token.
func (g *grammar) string(t *Token) *lang.String {
	s := g.Strings.Node()
	s.Range, s.Bytes = t.Range, unquote(t.Text)
	return s
}

// name parses what starts with an identifier.
func (g *grammar) name(t *Token) lang.Expr {
	w := g.lookAt(g.pos - 1)
	switch w.kind {
	case plainWord, mnemonicWord, dataWord, reserveWord, equWord, ruleWord:
		// A mnemonic can be a label too; here nothing else makes sense.
		s := g.Symbols.Node()
		s.Range, s.Name = t.Range, symbolName(t.Text)
		if w.kind == plainWord {
			s.ID = w.id
		}
		return s
	case registerWord:
		r := g.Registers.Node()
		r.Range, r.ID = t.Range, lang.RegisterID(w.id)
		return r
	case operatorWord:
		if op := lang.Op(w.id); op == lang.OpSeg {
			x := g.operandOf(t)
			if x == nil {
				return nil
			}
			u := g.Unaries.Node()
			u.Range, u.Op, u.X = t.Range, op, x
			return u
		}
	case functionWord:
		x := g.functionArgument(t)
		if x == nil {
			return nil
		}
		return &lang.Call{Range: t.Range, Name: w.name, Arg: x}
	case floatWord:
		return &lang.Float{Range: t.Range, Text: t.Text}
	}
	g.pos--
	g.fail(diag.Errorf(t.Range, "'%s' can't stand in an expression", t.Text).
		Notef("the word is reserved; if it is a label of yours, write $%s", t.Text))
	return nil
}

// functionArgument parses what a function applies to. A string there is not
// meant as a number, parentheses or not.
func (g *grammar) functionArgument(t *Token) lang.Expr {
	arg := g.peek()
	switch {
	case arg.Kind == String:
		g.pos++
		return g.string(arg)
	case arg.is("(") && g.peekAt(1).Kind == String && g.peekAt(2).is(")"):
		g.pos += 3
		return g.string(&g.tokens[g.pos-2])
	}
	return g.operandOf(t)
}

// symbolName returns the name that an identifier stands for.
func symbolName(text string) string {
	if text[0] == '$' {
		return text[1:]
	}
	return text
}
