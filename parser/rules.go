package parser

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	participlelexer "github.com/alecthomas/participle/v2/lexer"

	"tasm/diag"
	"tasm/lang"
)

// A rule is the grammar of one directive: of what follows its name.
type rule struct {
	usage   string // for messages: how it is written
	repeats bool   // TIMES may stand before it
	// compile makes a parser of the rule's participle grammar, bound to g. It is
	// nil for directives without arguments, unless anything is set.
	compile  func(g *grammar) *compiled
	anything bool // the arguments mean nothing to an assembler of one file
	// parse, if set, does without participle, which does not see blanks.
	parse func(g *grammar, w *word, at *Token) lang.Body
}

// compiled is a rule ready for use.
type compiled struct {
	parse func(*participlelexer.PeekingLexer) (syntax, error)
	ebnf  func() string
}

// syntax is a participle grammar: a struct with tags, which can say what the
// statement is once its fields are filled in.
type syntax interface {
	// body returns the statement. w is the directive's name, which stands at at.
	body(g *grammar, w *word, at diag.Range) lang.Body
}

// The tables of rules are filled in by init, as rules refer to the parser that
// uses them.
var (
	rules    map[string]*rule // nasm's directives, which stand in brackets but for INCBIN
	ownRules map[string]*word // tasm's directives; all but TARGET exist only after it

	// statementWords are words that begin a statement, for "did you mean".
	statementWords []string
)

func init() {
	const (
		attributes = " NAME [progbits|nobits] [alloc] [exec] [write] [align=N] [start=N] [vstart=N] [follows=NAME] [vfollows=NAME]"
		symbols    = " NAME, NAME, ..."
	)
	rules = map[string]*rule{
		"incbin":     {usage: `incbin "FILE", SKIP, LENGTH`, repeats: true, compile: compile[incbinSyntax]},
		"section":    {usage: "section" + attributes, parse: (*grammar).section},
		"segment":    {usage: "segment" + attributes, parse: (*grammar).section},
		"align":      {usage: "align BOUNDARY, or: align BOUNDARY, db 0", compile: compile[alignSyntax]},
		"smartalign": {usage: "align BOUNDARY", compile: compile[smartalignSyntax]},
		"alignb":     {usage: "alignb BOUNDARY, or: alignb BOUNDARY, resb 1", compile: compile[alignSyntax]},
		"bits":       {usage: "bits 16, bits 32 or bits 64", compile: compile[valueSyntax]},
		"org":        {usage: "org ADDRESS", compile: compile[valueSyntax]},
		"absolute":   {usage: "absolute ADDRESS", compile: compile[valueSyntax]},
		"sectalign":  {usage: "sectalign on, sectalign off or sectalign BOUNDARY", compile: compile[valueSyntax]},
		"default":    {usage: "default rel or default abs", compile: compile[wordsSyntax]},
		"osabi":      {usage: "osabi NUMBER, VERSION", compile: compile[osabiSyntax]},
		"cpu":        {usage: "cpu 386", parse: (*grammar).cpu},
		"pragma":     {usage: "pragma FACILITY WORD ...", parse: (*grammar).pragma},
		"float":      {usage: "float WORD", compile: compile[wordsSyntax]},
		"global":     {usage: "global" + symbols, compile: compile[symbolsSyntax]},
		"static":     {usage: "static" + symbols, compile: compile[symbolsSyntax]},
		"extern":     {usage: "extern" + symbols, compile: compile[symbolsSyntax]},
		"required":   {usage: "required" + symbols, compile: compile[symbolsSyntax]},
		"common":     {usage: "common NAME SIZE", compile: compile[commonSyntax]},
		"group":      {usage: "group NAME SEGMENT SEGMENT ...", parse: (*grammar).pragma},
		"import":     {usage: "import SYMBOL LIBRARY NAME", parse: (*grammar).pragma},
		"export":     {usage: "export NAME SYMBOL ORDINAL", parse: (*grammar).pragma},
		"safeseh":    {usage: "safeseh HANDLER", parse: (*grammar).pragma},
		"uppercase":  {usage: "uppercase", parse: (*grammar).pragma},
		"warning":    {usage: "warning +CLASS", parse: (*grammar).pragma},
	}
	for _, name := range []string{"list", "debug", "map"} {
		rules[name] = &rule{anything: true}
	}
	own := func(name string, r rule) *word { return &word{kind: ruleWord, name: name, rule: &r} }
	ownRules = map[string]*word{
		"target": own("target", rule{usage: "target linux/386, linux/amd64", compile: compile[targetSyntax]}),
		"entry":  own("entry", rule{usage: "entry SYMBOL", compile: compile[entrySyntax]}),
		"image":  own("image", rule{usage: "image " + strings.Join(imageKeys, "|") + ` "TEXT", ...`, compile: compile[imageSyntax]}),
		"sys":    own("sys", rule{usage: "sys NAME, ARGUMENT, ...", repeats: true, compile: compile[sysSyntax]}),
	}
	keywords = makeKeywords()
	for name, w := range keywords {
		switch w.kind {
		case dataWord, reserveWord, equWord, ruleWord, timesWord:
			statementWords = append(statementWords, name)
		}
	}
	for name := range standardMacros().lists {
		statementWords = append(statementWords, name)
	}
	slices.Sort(statementWords)
}

// Words returns the words that a source is written with besides instructions,
// registers and the operators that are signs: statements, sizes, directives of the
// assembler and the preprocessor, and macros that exist from the start. Those with
// a condition are named after %if only.
func Words() []string {
	set := map[string]bool{}
	for name := range keywords {
		set[name] = true
	}
	for name := range rules {
		set[name] = true
	}
	for name := range ownRules {
		set[name] = true
	}
	for name := range standardMacros().lists {
		set[name] = true
	}
	for _, name := range directiveNames() {
		set[name] = true
	}
	for name := range functions {
		set[name] = true
	}
	for name := range predefinedNames {
		set[name] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// isDirective reports whether name is one of nasm's directives, which it has as
// macros. What is wrong with their use the preprocessor says.
func isDirective(name string) bool {
	directives := standardMacros()
	_, ok := directives.find(name)
	return ok
}

// imageKeys are the parts of an image's metadata that IMAGE sets.
var imageKeys = []string{
	"tag", "path", "mode", "entrypoint", "cmd", "env", "workdir", "user", "expose", "volume", "stopsignal", "healthcheck",
	"label", "annotation", "author", "history", lang.ImageAdd, lang.ImageAnywhere,
}

// isOwn reports whether name is a directive that exists only after TARGET.
func isOwn(name string) bool { return ownRules[lower(name)] != nil }

// own returns the directive of tasm that the next token t names in its place,
// or nil. Their names are free for other use: TARGET needs a slash further on,
// the others a TARGET before them, and none may look like the definition of a
// label of that name.
func (g *grammar) own(t *Token) *word {
	if n := len(t.Text); n < 3 || n > 6 {
		return nil
	}
	switch t.Text[0] | 0x20 {
	case 't':
		if g.peekAt(1).Kind != Identifier || !g.peekAt(2).is("/") || lower(t.Text) != "target" {
			return nil
		}
	case 'e', 'i', 's':
		if !g.target || !isOwn(t.Text) {
			return nil
		}
		if next := g.peekAt(1); next.Kind == Identifier {
			switch w := g.look(next.Text); {
			case w.kind == dataWord, w.kind == reserveWord, w.kind == equWord, w.kind == ruleWord && w.name == "incbin":
				return nil
			}
		} else if next.is(":") {
			return nil
		}
	default:
		return nil
	}
	return ownRules[lower(t.Text)]
}

// primitive parses a directive in brackets, the form that nasm's own macros
// expand to.
func (g *grammar) primitive() lang.Body {
	open := g.peek()
	g.pos++
	last := len(g.tokens) - 1
	if last < 1 || !g.tokens[last].is("]") {
		g.fail(diag.Errorf(g.end.Range, "expected ']' at the end of the line").
			NoteAt(open.Range, "a line that starts with a bracket is a directive: [bits 32]"))
		return nil
	}
	t := g.peek()
	if t.Kind != Identifier {
		g.unexpected(t, "the name of a directive")
		return nil
	}
	name := lower(t.Text)
	r := rules[name]
	if r == nil || r.repeats {
		m := diag.Errorf(t.Range, "there is no directive '%s'", t.Text)
		if near := diag.Nearest(name, statementWords); near != "" {
			m.Notef("did you mean '%s'?", near).Suggest(t.Range, near)
		}
		g.fail(m)
		return nil
	}
	g.pos++
	g.end.Range = g.tokens[last].Range
	g.tokens = g.tokens[:last]
	rest := g.tokens[g.pos:]
	body := g.apply(r, &word{kind: ruleWord, name: name, rule: r}, t)
	if !g.texts {
		return body
	}
	switch body := body.(type) {
	case *lang.Directive:
		body.Text = detokenize(rest)
	case *lang.Section:
		body.Text = detokenize(rest)
	}
	return body
}

// apply parses the rest of the line by a rule; t is the directive's name.
func (g *grammar) apply(r *rule, w *word, t *Token) lang.Body {
	switch {
	case r.anything:
		g.pos = len(g.tokens)
		return &lang.Directive{Range: t.Range, Name: w.name}
	case r.parse != nil:
		return r.parse(g, w, t)
	case r.compile == nil:
		if g.pos < len(g.tokens) {
			g.misfit(g.peek(), r, w)
			return nil
		}
		return &lang.Directive{Range: t.Range, Name: w.name}
	}
	c := g.rules[r]
	if c == nil {
		c = r.compile(g)
		g.rules[r] = c
	}
	node, err := c.parse(g.window.fill(g.tokens, g.pos))
	if g.failure != nil {
		return nil
	}
	if err != nil {
		g.misfit(g.tokenOf(err), r, w)
		return nil
	}
	g.pos = len(g.tokens)
	return node.body(g, w, t.Range)
}

// tokenOf returns the token at which participle could not go on.
func (g *grammar) tokenOf(err error) *Token {
	var perr participle.Error
	if errors.As(err, &perr) {
		if i := perr.Position().Offset; i < len(g.tokens) {
			return &g.tokens[i]
		}
	}
	return &g.end
}

// misfit reports a token that does not fit a directive.
func (g *grammar) misfit(t *Token, r *rule, w *word) {
	var m *diag.Message
	switch t.Kind {
	case Invalid, Directive:
		m = g.mismatch(t, "")
	case EndOfLine:
		m = diag.Errorf(t.Range, "%s needs more than this", strings.ToUpper(w.name))
	default:
		m = diag.Errorf(t.Range, "%s does not fit %s here", t.describe(), strings.ToUpper(w.name))
	}
	g.fail(m.Notef("write: %s", r.usage))
}

// compile builds the participle parser of a rule.
func compile[T any, P interface {
	*T
	syntax
}](g *grammar) *compiled {
	p := participle.MustBuild[T](
		participle.Lexer(definition{}),
		participle.CaseInsensitive(Identifier.String()),
		participle.ParseTypeWith(g.expressionNode),
		participle.ParseTypeWith(g.fillNode),
		participle.ParseTypeWith(g.operandsNode),
	)
	return &compiled{
		parse: func(lex *participlelexer.PeekingLexer) (syntax, error) {
			node, err := p.ParseFromLexer(lex)
			return P(node), err
		},
		ebnf: p.String,
	}
}

// errFailed stops participle; what is wrong is in g.failure.
var errFailed = errors.New("the line is wrong")

// node runs parse, one of g's own methods, as a node of a participle grammar.
func (g *grammar) node(lex *participlelexer.PeekingLexer, parse func() bool) error {
	if lex.Peek().EOF() {
		return participle.NextMatch
	}
	g.pos = g.window.base + int(lex.RawCursor())
	if !parse() {
		return errFailed
	}
	lex.FastForward(participlelexer.RawCursor(g.pos - g.window.base - 1))
	return nil
}

// expressionNode is an expression in a participle grammar.
func (g *grammar) expressionNode(lex *participlelexer.PeekingLexer) (e lang.Expr, err error) {
	if lex.Peek().Value == "," {
		return nil, participle.NextMatch
	}
	err = g.node(lex, func() bool { e = g.expression(); return e != nil })
	return e, err
}

// padding is the statement that ALIGN pads with, and how often if it has a TIMES, in
// a participle grammar, which wants an interface.
type padding interface {
	padding() (fill lang.Body, times lang.Expr)
}

type paddingStatement lang.Statement

func (s *paddingStatement) padding() (lang.Body, lang.Expr) { return s.Body, s.Times }

// fillNode is the statement that ALIGN pads with.
func (g *grammar) fillNode(lex *participlelexer.PeekingLexer) (p padding, err error) {
	err = g.node(lex, func() bool {
		st := &lang.Statement{}
		t := g.peek()
		w := notReserved
		if t.Kind == Identifier {
			w = g.look(t.Text)
		}
		if w.kind == plainWord || w.kind == ruleWord || w.kind == equWord {
			g.unexpected(t, "an instruction or data to fill with")
			return false
		}
		g.body(st, w)
		p = (*paddingStatement)(st)
		return st.Body != nil
	})
	return p, err
}

// operandList is a list of operands in a participle grammar, which wants an
// interface.
type operandList interface{ operands() []lang.Operand }

type operandSlice []lang.Operand

func (o operandSlice) operands() []lang.Operand { return o }

func (g *grammar) operandsNode(lex *participlelexer.PeekingLexer) (list operandList, err error) {
	err = g.node(lex, func() bool {
		o, ok := g.operandsToEnd()
		list = operandSlice(o)
		return ok
	})
	return list, err
}

// String returns the name that participle grammars call a kind of token by.
func (k Kind) String() string {
	names := [...]string{"EndOfLine", "Identifier", "Number", "Float", "String", "Punctuation", "Directive", "Invalid"}
	if int(k) < len(names) {
		return names[k]
	}
	return "Invalid"
}

// tokenType is what participle numbers a kind of token as.
func (k Kind) tokenType() participlelexer.TokenType {
	return participlelexer.EOF - participlelexer.TokenType(k)
}

// definition makes the lexer one of participle's.
type definition struct{}

var _ participlelexer.Definition = definition{}

// Symbols implements participlelexer.Definition.
func (definition) Symbols() map[string]participlelexer.TokenType { return symbols() }

var symbols = sync.OnceValue(func() map[string]participlelexer.TokenType {
	m := map[string]participlelexer.TokenType{"EOF": participlelexer.EOF}
	for k := Identifier; k <= Invalid; k++ {
		m[k.String()] = k.tokenType()
	}
	return m
})

// Lex implements participlelexer.Definition: it lexes one logical line.
func (definition) Lex(_ string, r io.Reader) (participlelexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return &feed{tokens: lexLine(nil, string(text), 0, 0)}, nil
}

// feed gives tokens to participle. A token's position is its index.
type feed struct {
	tokens []Token
	next   int
}

// Next implements participlelexer.Lexer.
func (f *feed) Next() (participlelexer.Token, error) {
	if f.next == len(f.tokens) {
		return participlelexer.EOFToken(participlelexer.Position{Offset: f.next}), nil
	}
	t := participleToken(&f.tokens[f.next], f.next)
	f.next++
	return t, nil
}

func participleToken(t *Token, index int) participlelexer.Token {
	return participlelexer.Token{Type: t.Kind.tokenType(), Value: t.Text, Pos: participlelexer.Position{Offset: index}}
}

// window is a PeekingLexer that is made once and filled again for every line
// that participle parses; making one costs more than parsing a line.
type window struct {
	lex    *participlelexer.PeekingLexer
	tokens []participlelexer.Token // of lex
	base   int                     // index in the line of the first token in the window
}

// fill shows participle the tokens from base on.
func (w *window) fill(tokens []Token, base int) *participlelexer.PeekingLexer {
	rest := tokens[base:]
	if len(rest) >= len(w.tokens) {
		blank := &feed{tokens: make([]Token, max(64, 2*len(rest)))}
		for i := range blank.tokens {
			blank.tokens[i].Kind = Identifier
		}
		w.lex, _ = participlelexer.Upgrade(blank) // a feed has no errors
		w.tokens = w.lex.Range(0, participlelexer.RawCursor(len(blank.tokens)))
	}
	for i := range rest {
		w.tokens[i] = participleToken(&rest[i], base+i)
	}
	w.tokens[len(rest)] = participlelexer.EOFToken(participlelexer.Position{Offset: len(tokens)})
	w.base = base
	w.lex.LoadCheckpoint(participlelexer.Checkpoint{})
	return w.lex
}
