package parser

import (
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// laterCPU is the processor whose words are reserved only from the CPU directive on that
// names it: in nasm 2.16, which does not know it, they are names of symbols.
const laterCPU = "apx"

// laterWord is such a word that the source has.
type laterWord struct {
	word *word
	kind wordKind
	id   int32 // as what it is reserved for
}

// plain gives a name, in lower case name, that is reserved for nothing a number, or makes
// it what it is from CPU APX on.
func (g *grammar) plain(text, name string) *word {
	w := g.number(text)
	kind, id := g.laterKind(name)
	if kind == plainWord {
		return w
	}
	if w == notReserved { // there are too many names to keep them
		w = &word{}
	}
	l := laterWord{word: w, kind: kind, id: id}
	w.name, w.later = name, true
	l.reserve(g.extended)
	g.later = append(g.later, l)
	return w
}

// laterKind returns what a name in lower case is reserved for from CPU APX on.
func (g *grammar) laterKind(name string) (wordKind, int32) {
	if l, ok := g.vocabulary.(lang.LaterWords); ok {
		class, id := l.Later(name)
		return vocabularyKinds[class], id
	}
	return plainWord, 0
}

func (l *laterWord) reserve(on bool) {
	l.word.kind, l.word.id = plainWord, l.word.number
	if on {
		l.word.kind, l.word.id = l.kind, l.id
	}
}

// extend turns the words of CPU APX on or off.
func (g *grammar) extend(on bool) {
	if on == g.extended {
		return
	}
	g.extended = on
	for i := range g.later {
		g.later[i].reserve(on)
	}
}

// cpu parses the arguments of CPU. APX turns its words on, any other processor off.
func (g *grammar) cpu(w *word, at *Token) lang.Body {
	body := g.blankWords(w, at)
	if d, ok := body.(*lang.Directive); ok {
		for _, arg := range d.Args {
			g.processor(arg.Name)
		}
	}
	return body
}

// processor takes note of a word behind CPU, in lower case.
func (g *grammar) processor(name string) {
	if !strings.HasSuffix(name, "vex") { // a flag, which leaves the processor as it is
		g.extend(name == laterCPU)
	}
}

// Follow takes note of a line of a source, so that Kind knows the words that CPU reserves
// for the lines behind it.
func (l *Lexicon) Follow(line []Token) {
	if len(line) > 0 && line[0].is("[") {
		line = line[1:]
	}
	if len(line) < 2 || !strings.EqualFold(line[0].Text, "cpu") {
		return
	}
	for i := range line[1:] {
		if t := &line[i+1]; t.Kind == Identifier {
			l.grammar.processor(lower(t.Text))
		}
	}
}

// noteLater adds to m that name is a word of CPU APX, if it is.
func (g *grammar) noteLater(m *diag.Message, name string) *diag.Message {
	if kind, _ := g.laterKind(lower(name)); kind != plainWord && !g.extended {
		m.Notef("%s came with APX: write 'cpu %s' before it", name, laterCPU)
	}
	return m
}

// behindMnemonic parses what stands in braces between a mnemonic and its operands: the
// flags of ccmpz {dfv=of,cf}, which become the first operand, and prefixes.
func (g *grammar) behindMnemonic(list []lang.Operand) ([]lang.Operand, bool) {
	for g.extended && g.peek().is("{") {
		if g.peekAt(1).Text != "dfv" {
			if !g.bracedPrefix() {
				return nil, false
			}
			continue
		}
		o, ok := g.defaultFlags()
		if !ok {
			return nil, false
		}
		list = append(list, o)
		if g.peek().is(",") {
			g.pos++
		}
	}
	return list, true
}

// defaultFlags parses {dfv=of,sf,zf,cf}: the flags that a conditional comparison sets
// where its condition does not hold.
func (g *grammar) defaultFlags() (o lang.Operand, ok bool) {
	open := g.peek()
	g.pos += 2
	if !g.peek().is("=") {
		g.unexpected(g.peek(), "'=' and flags, as in {dfv=of,cf}")
		return o, false
	}
	g.pos++
	n := int64(0)
	for !g.peek().is("}") {
		t := g.peek()
		bit, known := map[string]int64{"of": 8, "sf": 4, "zf": 2, "cf": 1, "pf": 1}[lower(t.Text)]
		if !known {
			g.unexpected(t, "of, sf, zf or cf")
			return o, false
		}
		n |= bit
		if g.pos++; g.peek().is(",") {
			g.pos++
		}
	}
	g.pos++
	o.Range = g.from(open.Range)
	o.Value = &lang.Number{Range: o.Range, N: n}
	return o, true
}
