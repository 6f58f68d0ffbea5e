package parser

import (
	"maps"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// grammar turns logical lines into statements. It keeps state from line to
// line only in the flags target and extended; the rest are buffers that are used again.
type grammar struct {
	vocabulary lang.Vocabulary
	words      map[string]*word // keywords, and other reserved words as met so far
	rules      map[*rule]*compiled
	window     window
	near       diag.Near

	// target is set from the first TARGET statement on: it makes ENTRY, IMAGE
	// and SYS directives.
	target bool

	turbo bool // see Config
	texts bool // see Config

	// extended is set where CPU APX is in force; later are the words of the source that it
	// reserves.
	extended bool
	later    []laterWord

	// The line at hand.
	tokens   []Token
	pos      int // of the next token
	looked   int // index of the token of which word was looked up last
	word     *word
	end      Token
	depth    int // of recursion
	deepest  int // bound of depth
	terms    int // of the expression at hand
	failure  *diag.Message
	messages []*diag.Message

	operandList []lang.Operand
	prefixList  []lang.Prefix
	itemList    []lang.DataItem

	// The nodes of the statements, and whether those of the statement parsed last are free.
	lang.Nodes
	released bool
}

func newGrammar(v lang.Vocabulary) *grammar {
	return &grammar{
		vocabulary: v,
		words:      maps.Clone(keywords),
		rules:      map[*rule]*compiled{},
		deepest:    maxDepth,
	}
}

// reset readies g for another reading of the source.
func (g *grammar) reset() {
	g.target = false
	g.extend(false)
}

// begin makes tokens the line at hand.
func (g *grammar) begin(tokens []Token) {
	g.tokens, g.pos, g.depth, g.looked = tokens, 0, 0, -1
	g.failure, g.messages = nil, nil
	g.end = Token{Kind: EndOfLine}
	if n := len(tokens); n > 0 {
		g.end.Range = tokens[n-1].Range
		g.end.Range.Start = g.end.Range.End
	}
}

// parse parses a line. Of a wrong line, for which messages hold an error, only
// the label is left, if it has one with a colon: others refer to it.
func (g *grammar) parse(line Line) (*lang.Statement, []*diag.Message) {
	if !g.released {
		g.Keep()
	}
	g.released = false
	g.begin(line.Tokens)
	st := g.Statements.Node()
	st.Range = line.Range
	g.statement(st)
	if g.failure == nil {
		return st, g.messages
	}
	if habit := g.habit(); habit != nil {
		g.failure = habit
	}
	messages := append(g.messages, g.failure)
	if st.Label == nil || !st.Label.Colon {
		return nil, messages
	}
	return &lang.Statement{Range: line.Range, Label: st.Label}, messages
}

// release gives back the nodes of the statement that was parsed last.
func (g *grammar) release() {
	g.released = true
	g.Release()
}

// peek returns the next token, which after the last one is of kind EndOfLine.
func (g *grammar) peek() *Token {
	if g.pos < len(g.tokens) {
		return &g.tokens[g.pos]
	}
	return &g.end
}

// peekAt returns the n-th token after the next one.
func (g *grammar) peekAt(n int) *Token {
	if g.pos+n < len(g.tokens) {
		return &g.tokens[g.pos+n]
	}
	return &g.end
}

// from returns the range from r to the last token that has been parsed.
func (g *grammar) from(r diag.Range) diag.Range {
	if g.pos == 0 {
		return r
	}
	return r.To(g.tokens[g.pos-1].Range)
}

// is reports whether t is the given operator or delimiter.
func (t *Token) is(punctuation string) bool {
	return t.Kind == Punctuation && t.Text == punctuation
}

// describe names t in a message.
func (t *Token) describe() string {
	if t.Kind == EndOfLine {
		return "the end of the line"
	}
	return "'" + shown(t.Text) + "'"
}

// shown returns text as messages show it.
func shown(text string) string {
	if len(text) > maxQuoted {
		return text[:maxQuoted] + "..."
	}
	return text
}

// fail makes m the error of the line, unless there is one already.
func (g *grammar) fail(m *diag.Message) {
	if g.failure == nil {
		g.failure = m
	}
}

func (g *grammar) warn(m *diag.Message) { g.messages = append(g.messages, m) }

// unexpected reports that t stands where something else is needed.
func (g *grammar) unexpected(t *Token, wanted string) { g.fail(g.mismatch(t, wanted)) }

// mismatch says that t stands where something else is needed.
func (g *grammar) mismatch(t *Token, wanted string) *diag.Message {
	switch t.Kind {
	case Invalid:
		return badToken(t)
	case Directive:
		return diag.Errorf(t.Range, "%s has no meaning here", t.describe()).
			Notef("with a percent sign in front it belongs to the preprocessor; as an operator the sign needs a space behind it")
	}
	return diag.Errorf(t.Range, "expected %s, not %s", wanted, t.describe())
}

// badToken explains an Invalid token.
func badToken(t *Token) *diag.Message {
	switch t.Text[0] {
	case '\'', '"', '`':
		return diag.Errorf(t.Range, "this string is never closed").
			Notef("put another %c at its end; a string can't run on to the next line", t.Text[0]).
			Suggest(diag.Range{File: t.Range.File, Start: t.Range.End, End: t.Range.End}, t.Text[:1])
	case '%':
		return diag.Errorf(t.Range, "%s is never closed", t.Text[:2]).
			Notef("%c closes it", t.Text[1]+2)
	case '\\':
		return diag.Errorf(t.Range, "a backslash can only stand at the end of a line, to continue it")
	}
	m := diag.Errorf(t.Range, "the character %q has no meaning here", t.Text)
	if t.Text == "#" {
		m.Notef("a comment starts with ';'; numbers are written without '#'")
	}
	return m
}

// statement parses a whole line.
func (g *grammar) statement(st *lang.Statement) {
	if g.peek().is("[") {
		st.Body = g.primitive()
	} else if w := g.label(st); g.failure == nil {
		g.body(st, w)
	}
	if g.failure == nil && g.pos < len(g.tokens) {
		g.leftover()
	}
}

// leftover reports the token at which a statement could not go on.
func (g *grammar) leftover() {
	t := g.peek()
	if t.Kind == Invalid || t.Kind == Directive {
		g.unexpected(t, "")
		return
	}
	if before := &g.tokens[g.pos-1]; strings.EqualFold(before.Text, "offset") {
		name := t
		if strings.EqualFold(t.Text, "flat") && g.peekAt(1).is(":") {
			name = g.peekAt(2)
		}
		g.fail(diag.Errorf(before.Range, "OFFSET is not needed: a name is its address, [%s] the memory there", name.Text).
			Suggest(diag.Range{File: before.Range.File, Start: before.Range.Start, End: name.Range.Start}, ""))
		return
	}
	if t.is("(") && g.look(lower(g.behindLabel()[0].Text)).kind == mnemonicWord {
		g.fail(diag.Errorf(t.Range, "a call has no list of arguments").
			Notef("arguments are put into registers or pushed onto the stack before it: push 5, then call f, then add esp, 4"))
		return
	}
	m := diag.Errorf(t.Range, "expected a comma or the end of the line, not %s", t.describe())
	before := diag.Range{File: t.Range.File, Start: g.tokens[g.pos-1].Range.End, End: g.tokens[g.pos-1].Range.End}
	switch {
	case t.Kind == Number, t.Kind == String, t.is("["),
		t.Kind == Identifier && g.look(t.Text).kind != plainWord:
		m.Notef("if this is another operand, a comma belongs before it").Suggest(before, ",")
	case t.Kind == Identifier:
		m.Notef("if this is a comment, a semicolon belongs before it")
	}
	g.fail(m)
}

// label parses the label of a line, if there is one, and returns what is known
// of the word that follows, nil at the end of the line.
func (g *grammar) label(st *lang.Statement) *word {
	t := g.peek()
	if t.Kind != Identifier {
		if t.is("{") {
			return notReserved
		}
		g.noStatement(t)
		return nil
	}
	w := g.look(t.Text)
	colon := g.peekAt(1).is(":")
	switch {
	case colon:
		switch w.kind {
		case plainWord, mnemonicWord, dataWord, reserveWord, ruleWord:
		default:
			g.fail(diag.Errorf(t.Range, "'%s' is a reserved word and can't be a label", t.Text).
				Notef("choose another name, or write $%s here and wherever it is used", t.Text))
			return nil
		}
	case w.kind != plainWord:
		return w
	case g.own(t) != nil:
		return g.own(t)
	}
	l := g.Labels.Node()
	l.Range, l.Name, l.Colon = t.Range, symbolName(t.Text), colon
	if w.kind == plainWord {
		l.ID = w.id
	}
	st.Label = l
	g.pos++
	if colon {
		g.pos++
	}
	next := g.peek()
	switch {
	case next.Kind == Identifier:
		if w = g.look(next.Text); w.kind == plainWord {
			if o := g.own(next); o != nil {
				return o
			}
			g.noInstruction(t, next, colon)
			return nil
		}
		if !colon && (w.kind == registerWord && !g.isPrefix(w) || w.kind == sizeWord || w.kind == distanceWord || w.kind == strictWord) {
			g.noInstruction(t, next, false)
			return nil
		}
		return w
	case next.Kind == EndOfLine:
		if !colon && !isDirective(t.Text) {
			m := diag.Warningf("label-orphan", t.Range, "'%s' alone on a line is a label; without a colon it might be a slip", t.Text)
			if advice := otherWords[lower(t.Text)]; advice != "" {
				m.Notef("%s", advice)
			} else if near := g.nearestMnemonic(t.Text); near != "" {
				m.Notef("did you mean the instruction '%s'?", near)
			}
			g.warn(m.Notef("write '%s:' if a label is meant", t.Text))
		}
		return nil
	case next.is("{"):
		return notReserved
	}
	g.noInstruction(t, next, colon)
	return nil
}

// noStatement reports a line that starts with something that can't start one.
func (g *grammar) noStatement(t *Token) {
	m := g.mismatch(t, "a label, an instruction or a directive")
	switch {
	case t.Kind == Number && g.peekAt(1).is(":"):
		m.Notef("a label can't start with a digit; a local label is written .%s", t.Text)
	case t.is("/") || t.is("//") || t.is("*"):
		m.Notef("a comment starts with ';'")
	}
	g.fail(m)
}

// noInstruction reports a line whose first word t is no instruction, and so
// must be a label, but is followed by something that is none either.
func (g *grammar) noInstruction(t, next *Token, colon bool) {
	if next.Kind == Invalid || next.Kind == Directive {
		g.unexpected(next, "")
		return
	}
	// Either word may be the misspelt mnemonic. The first is, if it is like one,
	// or if what follows looks like an operand.
	wrong := t
	if colon {
		wrong = next
	} else if next.Kind == Identifier && g.nearestMnemonic(t.Text) == "" && g.look(next.Text).kind == plainWord {
		after := g.peekAt(1)
		if g.nearestMnemonic(next.Text) != "" || after.Kind == Identifier || after.Kind == Number || after.Kind == String || after.is("[") {
			wrong = next
		}
	}
	if wrong.Kind != Identifier {
		g.unexpected(wrong, "an instruction or a directive")
		return
	}
	if !colon && !g.target && isOwn(t.Text) {
		wrong = t
	}
	name := symbolName(wrong.Text)
	m := diag.Errorf(wrong.Range, "unknown instruction '%s'", name)
	if !g.target && isOwn(name) {
		m.Notef("%s is a directive after a TARGET statement, for example: target linux/386", lower(name))
	} else if kind, _ := g.laterKind(lower(name)); kind != plainWord {
		g.noteLater(m, name)
	} else if near := g.nearestMnemonic(name); near != "" {
		m.Notef("did you mean '%s'?", near).Suggest(wrong.Range, near)
	}
	if wrong == t && next.is("=") {
		m = diag.Errorf(next.Range, "a value is given with EQU, not with '='").
			Notef("write: %s equ ...", name).Suggest(next.Range, "equ")
	}
	g.fail(m)
}

// nearestMnemonic returns the instruction or directive that name may be a slip
// of, or "".
func (g *grammar) nearestMnemonic(name string) string {
	if g.near.Candidates == nil {
		var names []string
		if list, ok := g.vocabulary.(lang.WordList); ok {
			names = list.Mnemonics()
		}
		g.near.Candidates = append(names[:len(names):len(names)], statementWords...)
	}
	return g.near.To(name)
}

// isPrefix reports whether a word may stand before an instruction.
func (g *grammar) isPrefix(w *word) bool {
	switch w.kind {
	case prefixWord:
		return true
	case registerWord:
		_, ok := g.segmentPrefix(lang.RegisterID(w.id))
		return ok
	}
	return false
}

// segmentPrefix returns the prefix that a segment register is as well.
func (g *grammar) segmentPrefix(r lang.RegisterID) (int32, bool) {
	if s, ok := g.vocabulary.(lang.SegmentPrefixes); ok {
		return s.SegmentPrefix(r)
	}
	return 0, false
}

// body parses prefixes, TIMES and what they apply to. w is the next word, nil
// at the end of the line.
func (g *grammar) body(st *lang.Statement, w *word) {
	if w == nil {
		return
	}
	g.prefixList = g.prefixList[:0]
	for w.kind != mnemonicWord {
		t := g.peek()
		switch {
		case w.kind == timesWord:
			g.pos++
			if st.Times != nil {
				g.warn(diag.Warningf("other", t.Range, "of two TIMES in a line only the last counts").Notef("multiply the counts"))
			}
			if st.Times = g.expression(); st.Times == nil {
				return
			}
		case w.kind == prefixWord:
			g.pos++
			g.prefixList = append(g.prefixList, lang.Prefix{Range: t.Range, Name: w.name, ID: w.id})
		case w.kind == registerWord:
			id, ok := g.segmentPrefix(lang.RegisterID(w.id))
			if !ok {
				g.fail(diag.Errorf(t.Range, "expected an instruction, not the register %s", w.name))
				return
			}
			g.pos++
			g.prefixList = append(g.prefixList, lang.Prefix{Range: t.Range, Name: w.name, ID: id})
		case t.is("{"):
			if !g.bracedPrefix() {
				return
			}
		default:
			g.other(st, t, w)
			return
		}
		next := g.peek()
		switch {
		case next.Kind == Identifier:
			if w = g.look(next.Text); w.kind == plainWord {
				if o := g.own(next); o != nil {
					w = o
					break
				}
				m := g.noteLater(diag.Errorf(next.Range, "unknown instruction '%s'", next.Text), next.Text)
				if near := g.nearestMnemonic(next.Text); near != "" && len(m.Notes) == 0 {
					m.Notef("did you mean '%s'?", near).Suggest(next.Range, near)
				}
				g.fail(m)
				return
			}
		case next.is("{"):
			w = notReserved
		case next.Kind == EndOfLine && len(g.prefixList) > 0:
			// Prefixes alone are an instruction too.
			in := g.Instructions.Node()
			in.Range = g.prefixList[0].Range
			in.Prefixes = g.Prefixes.List(g.prefixList)
			st.Body = in
			return
		default:
			m := g.mismatch(next, "an instruction")
			if st.Times != nil {
				m.Notef("TIMES takes a count and what to repeat: times 3 nop")
			}
			g.fail(m)
			return
		}
	}
	in := g.instruction(w)
	if in == nil {
		return
	}
	in.Prefixes = g.Prefixes.List(g.prefixList) // with those behind the mnemonic
	st.Body = in
}

// bracedPrefix parses {evex} and its like.
func (g *grammar) bracedPrefix() bool {
	open, name := g.peek(), g.peekAt(1)
	if name.Text == "dfv" && !g.extended {
		g.fail(diag.Errorf(open.Range, "{dfv=...} came with APX: write 'cpu %s' first", laterCPU))
		return false
	}
	if name.Kind != Identifier || !g.peekAt(2).is("}") {
		g.unexpected(name, "the name of an encoding, as in {vex}")
		return false
	}
	r := open.Range.To(g.peekAt(2).Range)
	w := g.look("{" + name.Text + "}")
	if w.kind != prefixWord {
		g.fail(diag.Errorf(r, "{%s} is no prefix", name.Text))
		return false
	}
	g.prefixList = append(g.prefixList, lang.Prefix{Range: r, Name: w.name, ID: w.id})
	g.pos += 3
	return true
}

// other parses what is no instruction: data and directives.
func (g *grammar) other(st *lang.Statement, t *Token, w *word) {
	if len(g.prefixList) > 0 && w.kind == dataWord {
		p := g.prefixList[0]
		g.warn(diag.Warningf("other", p.Range, "the prefix %s does nothing before data", p.Name).
			Notef("to store its byte, write it on a line of its own"))
	} else if len(g.prefixList) > 0 {
		p := g.prefixList[0]
		g.fail(diag.Errorf(p.Range, "the prefix %s can only stand before an instruction", p.Name))
		return
	}
	switch w.kind {
	case dataWord:
		g.pos++
		if d := g.data(t, w); d != nil {
			st.Body = d
		}
	case reserveWord:
		g.pos++
		if count := g.expression(); count != nil {
			r := g.Reserves.Node()
			r.Range, r.Width, r.Count = t.Range, int(w.width), count
			st.Body = r
			if g.peek().is(",") && g.pos == len(g.tokens)-1 {
				g.pos++ // allowed, as in nasm
			}
		}
	case equWord:
		g.pos++
		if e := g.equ(st, t); e != nil {
			st.Body = e
		}
	case ruleWord:
		g.pos++
		if st.Times != nil && !w.rule.repeats {
			g.fail(diag.Errorf(t.Range, "%s can't be repeated with TIMES", w.name))
			return
		}
		st.Body = g.apply(w.rule, w, t)
	default:
		g.fail(diag.Errorf(t.Range, "expected an instruction or a directive, not '%s'", t.Text).
			Notef("the word is reserved; if it is a label of yours, write $%s", t.Text))
	}
}

// equ parses the value of a symbol; t is the word EQU.
func (g *grammar) equ(st *lang.Statement, t *Token) *lang.Equ {
	switch {
	case st.Label == nil:
		g.fail(diag.Errorf(t.Range, "EQU needs a name in front of it").Notef("write: NAME equ VALUE"))
		return nil
	case st.Times != nil:
		g.fail(diag.Errorf(t.Range, "EQU can't be repeated with TIMES"))
		return nil
	}
	e := g.Equs.Node()
	e.Range = t.Range
	if e.Value = g.expression(); e.Value == nil {
		return nil
	}
	if g.peek().is(":") {
		g.pos++
		e.Segment = e.Value
		if e.Value = g.expression(); e.Value == nil {
			return nil
		}
	}
	return e
}
