package parser

import (
	"strings"

	participlelexer "github.com/alecthomas/participle/v2/lexer"

	"tasm/diag"
	"tasm/lang"
)

// The participle grammars of the directives. A field of type participlelexer.Token keeps
// the token itself, whose Pos.Offset is its index in the line.

// rangeOf returns where a token of a participle grammar stands.
func (g *grammar) rangeOf(t participlelexer.Token) diag.Range { return g.tokens[t.Pos.Offset].Range }

// nameOf makes a Name of a token.
func (g *grammar) nameOf(t participlelexer.Token) lang.Name {
	return lang.Name{Range: g.rangeOf(t), Text: t.Value}
}

type incbinSyntax struct {
	Name   participlelexer.Token `parser:"@String"`
	Skip   lang.Expr             `parser:"( ',' ( @@"`
	Length lang.Expr             `parser:"( ',' @@? )? )? )?"`
}

func (s *incbinSyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	return &lang.Incbin{Range: at, Name: g.rangeOf(s.Name), Path: unquote(s.Name.Value), Skip: s.Skip, Length: s.Length}
}

// section parses a section's name and attributes, which white space separates
// as in nasm: a name is whatever stands before the first blank, and A + B are
// three words.
func (g *grammar) section(_ *word, at *Token) lang.Body {
	name, ok := g.blankWord()
	if !ok {
		return nil
	}
	s := &lang.Section{Range: at.Range.To(name.Range), Name: name.Text}
	if words := strings.Fields(name.Text); !g.target && strings.ContainsAny(name.Text, " \t'\"`") {
		g.warn(diag.Warningf("other", name.Range, "the quotes are part of the section's name, and a blank ends it").
			Notef("a name is written without quotes, such as .data"))
		s.Name = words[0]
		for _, word := range words[1:] {
			s.Attrs = append(s.Attrs, lang.Arg{Range: name.Range, Name: lower(word)})
		}
	}
	for g.pos < len(g.tokens) {
		attr, ok := g.attribute()
		if !ok {
			return nil
		}
		s.Attrs = append(s.Attrs, attr)
	}
	return s
}

// blankWord takes the tokens up to the next blank as one word.
func (g *grammar) blankWord() (lang.Name, bool) {
	first := g.peek()
	if first.Kind == EndOfLine {
		g.fail(diag.Errorf(first.Range, "SECTION needs the name of a section").Notef("for example: section .data"))
		return lang.Name{}, false
	}
	end := g.blankAfter(g.pos)
	text := detokenize(g.tokens[g.pos:end])
	if g.target && first.Kind == String && end == g.pos+1 {
		text = unquote(text)
	}
	g.pos = end
	return lang.Name{Range: g.from(first.Range), Text: text}, true
}

// pragma parses what is left of a %pragma line: words between blanks.
func (g *grammar) pragma(w *word, at *Token) lang.Body {
	d := &lang.Directive{Range: at.Range, Name: w.name}
	for g.pos < len(g.tokens) {
		start, end := g.pos, g.blankAfter(g.pos)
		g.pos = end
		d.Args = append(d.Args, lang.Arg{Range: g.from(g.tokens[start].Range), Name: detokenize(g.tokens[start:end])})
	}
	return d
}

// blankWords parses a directive with words between blanks and commas: CPU.
func (g *grammar) blankWords(w *word, at *Token) lang.Body {
	d := &lang.Directive{Range: at.Range, Name: w.name}
	for g.pos < len(g.tokens) {
		start, end := g.pos, g.blankAfter(g.pos)
		for g.pos < end && !g.tokens[g.pos].is(",") {
			g.pos++
		}
		if g.pos > start {
			r := g.tokens[start].Range.To(g.tokens[g.pos-1].Range)
			d.Args = append(d.Args, lang.Arg{Range: r, Name: lower(detokenize(g.tokens[start:g.pos]))})
		}
		if g.pos < end {
			g.pos++
		}
	}
	if len(d.Args) == 0 {
		g.misfit(g.peek(), w.rule, w)
		return nil
	}
	return d
}

// blankAfter returns the index of the first token from at+1 on with a blank before it.
func (g *grammar) blankAfter(at int) int {
	for at++; at < len(g.tokens) && !g.tokens[at].Space; at++ {
	}
	return at
}

// valueAttributes are the attributes whose value is an expression.
var valueAttributes = map[string]bool{"align": true, "valign": true, "start": true, "vstart": true, "absolute": true}

// attribute parses one attribute: a word, word*N, word=VALUE. What it can't make
// sense of is a word without a meaning.
func (g *grammar) attribute() (a lang.Arg, ok bool) {
	first := g.peek()
	end := g.blankAfter(g.pos)
	a.Name = lower(first.Text)
	if first.Kind == Identifier && g.peekAt(1).is("*") && end > g.pos+2 {
		g.pos += 2
		a.Factor = g.wordValue(end)
	} else if first.Kind == Identifier && g.peekAt(1).is("=") {
		a.Spaced = g.peekAt(1).Space || g.peekAt(2).Space
		g.pos += 2
		switch value := g.peek(); {
		case value.Kind == EndOfLine:
		case value.is("("):
			// Parentheses hold a value together, blanks or not.
			if a.Value = g.parenthesised(g.open()); a.Value == nil {
				return a, false
			}
		default:
			start := g.pos
			end = g.blankAfter(g.pos)
			if valueAttributes[a.Name] {
				a.Value = g.wordValue(end)
			}
			a.Words = []string{detokenize(g.tokens[start:end])}
			g.pos = end
		}
		if !valueAttributes[a.Name] && a.Words == nil {
			a.Words = []string{""}
		}
	} else {
		a.Name = lower(detokenize(g.tokens[g.pos:end]))
		g.pos = end
	}
	a.Range = g.from(first.Range)
	return a, g.failure == nil
}

// open takes an opening parenthesis.
func (g *grammar) open() *Token {
	g.pos++
	return &g.tokens[g.pos-1]
}

// wordValue parses the expression that ends before token number end.
func (g *grammar) wordValue(end int) lang.Expr {
	all := g.tokens
	g.tokens = all[:end]
	defer func() { g.tokens = all }()
	e := g.expression()
	switch {
	case e == nil || g.pos == end:
	case g.target:
		g.leftover()
	default:
		g.warn(diag.Warningf("other", g.peek().Range, "nothing behind the value counts, up to the next blank").
			Notef("blanks alone stand between attributes"))
	}
	return e
}

type alignSyntax struct {
	Boundary lang.Expr `parser:"@@"`
	Fill     padding   `parser:"( ',' @@? )?"`
}

func (s *alignSyntax) body(_ *grammar, w *word, at diag.Range) lang.Body {
	align := &lang.Align{Range: at, Reserve: w.name == "alignb", Boundary: s.Boundary}
	if s.Fill != nil {
		align.Fill, align.Times = s.Fill.padding()
	}
	if in, ok := align.Fill.(*lang.Instruction); ok && align.Times == nil && !align.Reserve && in.Name == "nop" && len(in.Operands) == 0 && len(in.Prefixes) == 0 {
		align.Fill = nil // what ALIGN does by itself
	}
	return align
}

// smartalignSyntax is what ALIGN of the package smartalign comes to.
type smartalignSyntax struct {
	Boundary  lang.Expr             `parser:"@@ ','"`
	Mode      participlelexer.Token `parser:"@Identifier ','"`
	Threshold lang.Expr             `parser:"@@"`
}

func (s *smartalignSyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	return &lang.Align{Range: at, Boundary: s.Boundary, Mode: lower(s.Mode.Value), Threshold: s.Threshold}
}

// valueSyntax is a directive with an expression: BITS, ORG, ABSOLUTE.
type valueSyntax struct {
	Value lang.Expr `parser:"@@"`
}

func (s *valueSyntax) body(_ *grammar, w *word, at diag.Range) lang.Body {
	return &lang.Directive{Range: at, Name: w.name, Args: []lang.Arg{{Range: s.Value.Span(), Value: s.Value}}}
}

// osabiSyntax is OSABI: the number of the system and of its version.
type osabiSyntax struct {
	System  lang.Expr `parser:"@@"`
	Version lang.Expr `parser:"( ',' @@ )?"`
}

func (s *osabiSyntax) body(_ *grammar, w *word, at diag.Range) lang.Body {
	d := &lang.Directive{Range: at, Name: w.name, Args: []lang.Arg{{Range: s.System.Span(), Value: s.System}}}
	if s.Version != nil {
		d.Args = append(d.Args, lang.Arg{Range: s.Version.Span(), Value: s.Version})
	}
	return d
}

// wordsSyntax is a directive with words: DEFAULT, CPU, FLOAT.
type wordsSyntax struct {
	Words []wordSyntax `parser:"( @@ ','? )+"`
}

type wordSyntax struct {
	Word participlelexer.Token `parser:"@( Identifier | Number | String )"`
}

func (s *wordsSyntax) body(g *grammar, w *word, at diag.Range) lang.Body {
	d := &lang.Directive{Range: at, Name: w.name}
	for _, word := range s.Words {
		d.Args = append(d.Args, lang.Arg{Range: g.rangeOf(word.Word), Name: lower(word.Word.Value)})
	}
	return d
}

// symbolsSyntax is a directive with symbols: GLOBAL, STATIC, EXTERN, REQUIRED.
// After a colon stand words for the linker and, last, the symbol's size.
type symbolsSyntax struct {
	Symbols []symbolSyntax `parser:"@@ ( ',' @@ )* ','?"`
}

type symbolSyntax struct {
	Name  participlelexer.Token `parser:"@Identifier"`
	Words []string              `parser:"( ':' @( 'function' | 'data' | 'object' | 'notype' | 'tls' | 'weak' | 'strong' | 'default' | 'internal' | 'hidden' | 'protected' | 'private_extern' )* ( 'wrt'"`
	Frame string                `parser:"@Identifier )?"`
	Size  lang.Expr             `parser:"@@? )?"`
}

func (s *symbolsSyntax) body(g *grammar, w *word, at diag.Range) lang.Body {
	d := &lang.Directive{Range: at, Name: w.name}
	for _, symbol := range s.Symbols {
		arg := lang.Arg{Range: g.rangeOf(symbol.Name), Name: symbolName(symbol.Name.Value), Value: symbol.Size}
		for _, word := range symbol.Words {
			arg.Words = append(arg.Words, lower(word))
		}
		if symbol.Frame != "" {
			arg.Words = append(arg.Words, "wrt", symbol.Frame)
		}
		d.Args = append(d.Args, arg)
	}
	return d
}

type commonSyntax struct {
	Name  participlelexer.Token `parser:"@Identifier"`
	Size  lang.Expr             `parser:"@@"`
	Align []string              `parser:"( ':' @( Identifier | Number )+ )*"`
}

func (s *commonSyntax) body(g *grammar, w *word, at diag.Range) lang.Body {
	name := g.rangeOf(s.Name)
	return &lang.Directive{Range: at, Name: w.name, Args: []lang.Arg{
		{Range: name.To(s.Size.Span()), Name: symbolName(s.Name.Value), Value: s.Size, Words: s.Align},
	}}
}

type targetSyntax struct {
	Names []systemSyntax `parser:"@@ ( ','? @@ )*"`
}

type systemSyntax struct {
	System  participlelexer.Token `parser:"@Identifier '/'"`
	Machine participlelexer.Token `parser:"@( Identifier | Number )"`
}

func (s *targetSyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	t := &lang.Target{Range: at}
	for _, n := range s.Names {
		t.Names = append(t.Names, lang.Name{
			Range: g.rangeOf(n.System).To(g.rangeOf(n.Machine)),
			Text:  lower(n.System.Value) + "/" + lower(n.Machine.Value),
		})
	}
	g.target = true
	return t
}

type entrySyntax struct {
	Symbol participlelexer.Token `parser:"@Identifier"`
}

func (s *entrySyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	return &lang.Entry{Range: at, Symbol: &lang.Symbol{Range: g.rangeOf(s.Symbol), Name: symbolName(s.Symbol.Value)}}
}

type imageSyntax struct {
	Key  participlelexer.Token `parser:"@Identifier"`
	Args []stringSyntax        `parser:"( @@ ( ','? @@ )* )?"`
}

type stringSyntax struct {
	Text participlelexer.Token `parser:"@String"`
}

func (s *imageSyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	image := &lang.Image{Range: at, Key: g.nameOf(s.Key)}
	image.Key.Text = lower(image.Key.Text)
	known := false
	for _, key := range imageKeys {
		known = known || key == image.Key.Text
	}
	if !known {
		m := diag.Errorf(image.Key.Range, "an image has no '%s'", s.Key.Value)
		if near := diag.Nearest(image.Key.Text, imageKeys); near != "" {
			m.Notef("did you mean '%s'?", near).Suggest(image.Key.Range, near)
		} else {
			m.Notef("it has %s", strings.Join(imageKeys, ", "))
		}
		g.fail(m)
		return nil
	}
	if len(s.Args) == 0 && image.Key.Text != lang.ImageAnywhere {
		g.fail(diag.Errorf(image.Key.Range, "image %s needs a string behind it", image.Key.Text).Notef("write: image %s \"TEXT\"", image.Key.Text))
		return nil
	}
	for _, a := range s.Args {
		image.Args = append(image.Args, &lang.String{Range: g.rangeOf(a.Text), Bytes: unquote(a.Text.Value)})
	}
	return image
}

type sysSyntax struct {
	Name participlelexer.Token `parser:"@Identifier"`
	Args operandList           `parser:"( ',' @@? )?"`
}

func (s *sysSyntax) body(g *grammar, _ *word, at diag.Range) lang.Body {
	call := &lang.Syscall{Range: at, Name: g.nameOf(s.Name)}
	call.Name.Text = lower(call.Name.Text)
	if s.Args != nil {
		call.Args = s.Args.operands()
	}
	return call
}
