package parser

import (
	"iter"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// SourceLine is a logical line as it stands in a file, comment included, before
// the preprocessor has seen it.
type SourceLine struct {
	Tokens []Token
	// Range is the whole line without its end. Comment begins at the semicolon and
	// has length 0 where there is none.
	Range, Comment diag.Range
	// Joined is set where a backslash continues the line, so that it has several
	// lines of the file.
	Joined bool
}

// Lines reads the text of a file line by line, empty lines too, for tools that
// look at a source and do not assemble it.
func Lines(file diag.FileID, text string) iter.Seq[SourceLine] {
	return func(yield func(SourceLine) bool) {
		for lx := newLexer(file, text); lx.pos < len(text); {
			if !yield(lx.whole()) {
				return
			}
		}
	}
}

// whole reads the next logical line, empty or not.
func (lx *lexer) whole() SourceLine {
	start := lx.pos
	end := start + strings.IndexByte(lx.text[start:], '\n')
	if end < start {
		end = len(lx.text)
	}
	lx.pos = end + 1
	var line Line
	joined := continues(lx.text[start:end])
	if joined {
		lx.joined(&line, start, end)
		end = min(lx.pos-1, len(lx.text))
		if rest := strings.IndexByte(lx.text[end:], '\n'); rest > 0 { // behind a Ctrl-Z
			end += rest
		} else if rest < 0 {
			end = len(lx.text)
		}
		lx.pos = end + 1
	} else {
		line.Tokens = lexLine(nil, lx.text[start:end], lx.file, int32(start))
	}
	s := SourceLine{
		Tokens: line.Tokens,
		Range:  diag.Range{File: lx.file, Start: int32(start), End: int32(end)},
		Joined: joined,
	}
	s.Comment = s.Range
	if n := len(line.Tokens); n > 0 {
		s.Comment.Start = line.Tokens[n-1].Range.End
	}
	if i := strings.IndexByte(lx.text[s.Comment.Start:end], ';'); i >= 0 {
		s.Comment.Start += int32(i)
	} else {
		s.Comment.Start = s.Comment.End
	}
	return s
}

// WordKind says what a word of a source is for, wherever it stands.
type WordKind uint8

const (
	NameWord      WordKind = iota // reserved for nothing
	RegisterWord                  // eax, xmm0, ...
	MnemonicWord                  // mov, ...
	PrefixWord                    // rep, lock, ...
	SizeWord                      // byte, short, rel, strict and others that stand before an operand
	OperatorWord                  // seg, wrt, functions such as __?ilog2e?__
	DataWord                      // db, resb and their sisters
	EquWord                       // equ
	TimesWord                     // times
	DirectiveWord                 // section, bits, incbin, struc, ...
	OwnWord                       // target and, after a TARGET statement, entry, image and sys
)

var wordKinds = [...]WordKind{
	plainWord: NameWord, registerWord: RegisterWord, mnemonicWord: MnemonicWord, prefixWord: PrefixWord,
	sizeWord: SizeWord, strictWord: SizeWord, toWord: SizeWord, distanceWord: SizeWord, relWord: SizeWord,
	absWord: SizeWord, nosplitWord: SizeWord, operatorWord: OperatorWord, functionWord: OperatorWord,
	floatWord: OperatorWord, timesWord: TimesWord, dataWord: DataWord, reserveWord: DataWord, equWord: EquWord,
	ruleWord: DirectiveWord,
}

// Lexicon knows the words of the language.
type Lexicon struct{ grammar *grammar }

// NewLexicon returns the words of the language with those of an instruction set.
func NewLexicon(v lang.Vocabulary) *Lexicon { return &Lexicon{newGrammar(v)} }

// Kind returns what a word is for; letters may be of either case.
func (l *Lexicon) Kind(text string) WordKind {
	if kind := wordKinds[l.grammar.look(text).kind]; kind != NameWord {
		return kind
	}
	if isDirective(text) {
		return DirectiveWord
	}
	if isOwn(text) {
		return OwnWord
	}
	return NameWord
}

// Usage returns how a directive is written, or "".
func (l *Lexicon) Usage(name string) string {
	name = lower(name)
	if w := ownRules[name]; w != nil {
		return w.rule.usage
	}
	if r := rules[name]; r != nil {
		return r.usage
	}
	return ""
}

// Keywords returns the words of the language that are of the given kinds, sorted:
// those of the instruction set are not among them.
func (l *Lexicon) Keywords(kinds ...WordKind) []string {
	var names []string
	for name, w := range keywords {
		if slices.Contains(kinds, wordKinds[w.kind]) {
			names = append(names, name)
		}
	}
	if slices.Contains(kinds, DirectiveWord) {
		for name := range standardMacros().lists {
			if wordKinds[l.grammar.look(name).kind] == NameWord && class[name[0]]&isIDStart != 0 {
				names = append(names, name)
			}
		}
	}
	if slices.Contains(kinds, OwnWord) {
		for name := range ownRules {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Preprocessor returns the directives of the preprocessor, sorted: %define, ...
func Preprocessor() []string { return directiveNames() }

// PreprocessorWord returns the directive of the preprocessor that a token is, in
// lower case, or "".
func PreprocessorWord(t Token) string {
	if t.Kind != Directive {
		return ""
	}
	name := directiveWord(t.Text)
	if _, ok := directives[name]; ok || isConditional(name) {
		return name
	}
	return ""
}

// isConditional reports whether a directive opens, divides or closes an %if.
func isConditional(name string) bool {
	if name == "%else" || name == "%endif" {
		return true
	}
	for _, prefix := range []string{"%if", "%elif"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && findCondition(rest) != nil {
			return true
		}
	}
	return false
}
