// Package format lays out the text of sources in one style.
//
// Labels stand at the margin, instructions in column 8, their operands in
// column 16 and comments in column 32, or further right where there is no
// room. Lines that follow one another share a column for their comments, and
// data and EQUs one for what stands behind their names.
//
// # What stays
//
// Only white space changes. Every line stays on its line, so that messages,
// __?LINE?__ and the history of a file mean what they meant. Where the language
// looks at white space itself, which it does in the preprocessor's directives
// and in what a macro may be called with, there is white space exactly where
// there was some before. A line whose tokens would not be the same, one that a
// backslash continues, and what stands in an %if 0 stay as they are.
package format

import (
	"slices"
	"strings"
	"unicode/utf8"

	"tasm/codegen/x86"
	"tasm/parser"
)

// The columns, from 0.
const (
	opColumn      = 8
	operandColumn = 16
	commentColumn = 32
	tabStop       = 8
	// besideColumn is where a comment alone on its line begins at the least if it
	// goes with the comments behind the lines around it.
	besideColumn = 24
	// Longer code and names don't move those of other lines.
	longestCode = 55
	longestName = 31
	nestIndent  = 2
	deepest     = 8 // nesting that is still indented
)

// Text returns a source in the style.
func Text(text string) string { return layOut(text, true) }

// layOut formats a source, the space around commas and brackets only if inner is set.
func layOut(text string, inner bool) string {
	f := &formatter{text: text, inner: inner, lexicon: parser.NewLexicon(x86.Vocabulary{}), macros: map[string]bool{}}
	f.read()
	f.alignNames()
	f.alignComments()
	return f.write()
}

// formatter holds a source on its way.
type formatter struct {
	text    string
	inner   bool
	lexicon *parser.Lexicon
	macros  map[string]bool // multi-line macros that the source defines, in lower case
	lines   []*line
	nest    int // of %if, %rep and %macro
	skipped int // of %if in an %if 0, that included
}

// line is a line of the source, taken apart.
type line struct {
	source parser.SourceLine
	raw    string // without its end
	kind   kind
	column int    // where it begins in the source
	label  string // at the margin, or what stands there instead
	op     string // the instruction, with its prefixes
	args   string
	names  bool // data and EQUs: op can be moved to stand below those of other lines
	at     int  // the column of op
	note   string
	noteAt int // its column
}

type kind uint8

const (
	blank    kind = iota
	asIs          // stays as it is
	comment       // alone on its line
	code          // label, op and args
	marginal      // label alone holds all of it
)

// read takes the source apart.
func (f *formatter) read() {
	for s := range parser.Lines(0, f.text) {
		if len(s.Tokens) > 1 && isMacro(parser.PreprocessorWord(s.Tokens[0])) {
			f.macros[strings.ToLower(s.Tokens[1].Text)] = true
		}
		f.lines = append(f.lines, &line{source: s, raw: f.text[s.Range.Start:s.Range.End]})
	}
	for _, l := range f.lines {
		f.classify(l)
		f.lexicon.Follow(l.source.Tokens)
	}
}

func isMacro(word string) bool {
	switch word {
	case "%macro", "%imacro", "%rmacro", "%irmacro":
		return true
	}
	return false
}

// classify decides what a line is and takes it apart.
func (f *formatter) classify(l *line) {
	tokens := l.source.Tokens
	l.note = trimEnd(f.text[l.source.Comment.Start:l.source.Comment.End])
	l.column = startColumn(l.raw)
	word := ""
	if len(tokens) > 0 {
		word = parser.PreprocessorWord(tokens[0])
	}
	switch {
	case f.skips(word, tokens), l.source.Joined:
		l.kind = asIs
	case word != "":
		l.kind, l.label = marginal, f.directive(word, tokens)
	case len(tokens) == 0 && l.note == "":
		l.kind = blank
	case len(tokens) == 0:
		l.kind = comment
	case slices.ContainsFunc(tokens, func(t parser.Token) bool { return t.Kind == parser.Invalid }):
		l.kind = asIs
	default:
		f.statement(l, tokens)
	}
}

// skips follows %if 0, whose lines are often no code at all.
func (f *formatter) skips(word string, tokens []parser.Token) bool {
	opens := strings.HasPrefix(word, "%if")
	switch {
	case f.skipped > 0 && opens:
		f.skipped++
	case f.skipped > 0 && word == "%endif":
		f.skipped--
		return f.skipped > 0
	case f.skipped == 1 && strings.HasPrefix(word, "%el"):
		f.skipped = 0
		f.nest++
	case word == "%if" && len(tokens) == 2 && tokens[1].Text == "0":
		f.skipped = 1
		return false
	}
	return f.skipped > 0
}

// directive returns a line of the preprocessor, indented as deep as it is nested.
func (f *formatter) directive(word string, tokens []parser.Token) string {
	depth := f.nest
	switch {
	case f.skipped > 0: // the %if 0 itself; its lines don't count
	case strings.HasPrefix(word, "%if"), word == "%rep", isMacro(word):
		f.nest++
	case strings.HasPrefix(word, "%el"):
		depth--
	case word == "%endif", word == "%endrep", word == "%endmacro", word == "%endm":
		depth--
		f.nest = max(f.nest-1, 0)
	}
	return strings.Repeat(" ", nestIndent*min(max(depth, 0), deepest)) + f.join(tokens)
}

// statement takes apart a line that is code.
func (f *formatter) statement(l *line, tokens []parser.Token) {
	l.kind, l.at = code, opColumn
	n := labelLength(tokens)
	if n == 0 && f.isName(tokens) && (len(tokens) > 1 || l.column == 0) {
		n = 1
	}
	l.label = f.tight(tokens[:n])
	tokens = tokens[n:]
	if len(tokens) == 0 {
		return
	}
	f.operation(l, tokens)
	if n == 0 && f.atMargin(l, tokens) {
		l.kind = marginal
		l.label = l.op
		if l.args != "" {
			l.label += " " + l.args
		}
		l.op, l.args = "", ""
	}
}

// labelLength returns how many tokens the label with a colon has that a line
// begins with. It may be written in parts, as in a%1:
func labelLength(tokens []parser.Token) int {
	n := wordLength(tokens)
	if n > 0 && n < len(tokens) && isColon(tokens[n]) {
		return n + 1
	}
	return 0
}

func isColon(t parser.Token) bool { return t.Kind == parser.Punctuation && t.Text == ":" }

// wordLength returns how many tokens the word has that a line begins with, and
// that no white space divides.
func wordLength(tokens []parser.Token) int {
	for i, t := range tokens {
		switch {
		case i > 0 && t.Space:
			return i
		case t.Kind == parser.Identifier, t.Kind == parser.Directive, i > 0 && t.Kind == parser.Number:
		default:
			return i
		}
	}
	return len(tokens)
}

// isName reports whether a line begins with a label without a colon.
func (f *formatter) isName(tokens []parser.Token) bool {
	t := tokens[0]
	if t.Kind != parser.Identifier || f.lexicon.Kind(t.Text) != parser.NameWord || f.macros[strings.ToLower(t.Text)] {
		return false
	}
	if len(tokens) == 1 {
		return true
	}
	if next := tokens[1]; next.Kind == parser.Identifier && next.Space {
		switch f.lexicon.Kind(next.Text) {
		case parser.MnemonicWord, parser.PrefixWord, parser.DataWord, parser.EquWord, parser.TimesWord:
			// mac db, 5 would be a macro that is called.
			return len(tokens) == 2 || tokens[2].Text != ","
		}
	}
	return false
}

// operation takes apart what follows the label.
func (f *formatter) operation(l *line, tokens []parser.Token) {
	n := wordLength(tokens)
	kind := f.kindOf(tokens, n)
	for kind == parser.PrefixWord && n < len(tokens) {
		more := wordLength(tokens[n:])
		if more == 0 {
			break
		}
		kind = f.kindOf(tokens[n:], more)
		n += more
	}
	l.names = kind == parser.DataWord || kind == parser.EquWord
	rest := tokens[n:]
	if kind == parser.NameWord && (n == 0 || len(rest) > 0 && !rest[0].Space) {
		// A call of a macro: whether a space is there may matter.
		l.op = f.join(tokens)
		return
	}
	l.op = f.join(tokens[:n])
	if kind == parser.NameWord || !f.inner {
		l.args = f.join(rest)
	} else {
		l.args = f.tight(rest)
	}
}

// kindOf returns the kind of the word of n tokens that tokens begin with.
func (f *formatter) kindOf(tokens []parser.Token, n int) parser.WordKind {
	if n != 1 || tokens[0].Kind != parser.Identifier || f.macros[strings.ToLower(tokens[0].Text)] {
		return parser.NameWord
	}
	return f.lexicon.Kind(tokens[0].Text)
}

// outer are the directives that divide a source and stand at the margin.
var outer = []string{
	"absolute", "common", "endstruc", "entry", "extern", "global", "image", "required",
	"section", "segment", "static", "struc", "target",
}

// atMargin reports whether a line without a label begins at the margin. Other
// directives and macros do if they did before.
func (f *formatter) atMargin(l *line, tokens []parser.Token) bool {
	switch kind := f.kindOf(tokens, wordLength(tokens)); kind {
	case parser.DirectiveWord, parser.OwnWord:
		word := strings.ToLower(tokens[0].Text)
		return slices.Contains(outer, word) || l.column == 0 && word != "sys" && word != "incbin"
	case parser.NameWord:
		return l.column == 0
	}
	return false
}

// join writes tokens with a blank wherever there was white space.
func (f *formatter) join(tokens []parser.Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && t.Space {
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// tight is join with a blank behind commas and none before them, nor before
// colons and on the inner side of brackets.
func (f *formatter) tight(tokens []parser.Token) string {
	var b strings.Builder
	for i, t := range tokens {
		before := ""
		if i > 0 {
			before = punctuation(tokens[i-1])
		}
		switch own := punctuation(t); {
		case i == 0, own == ",", own == "]", own == ":", before == "[":
		case before == ",", t.Space:
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// punctuation returns the text of an operator or delimiter, else "".
func punctuation(t parser.Token) string {
	if t.Kind != parser.Punctuation {
		return ""
	}
	return t.Text
}

// alignNames gives data and EQUs on lines that follow one another a column.
func (f *formatter) alignNames() {
	for start := 0; start < len(f.lines); start++ {
		end, column := start, opColumn
		for ; end < len(f.lines) && f.lines[end].names; end++ {
			if n := width(f.lines[end].label); n <= longestName {
				column = max(column, nextStop(n+1))
			}
		}
		for _, l := range f.lines[start:end] {
			l.at = column
		}
		start = max(start, end-1)
	}
}

// alignComments gives the comments of lines that follow one another a column.
func (f *formatter) alignComments() {
	for start := 0; start < len(f.lines); start++ {
		end, column, behind := start, commentColumn, false
		of := blank // the kind of the block's lines
		for ; end < len(f.lines) && f.lines[end].inBlock(&of); end++ {
			l := f.lines[end]
			if l.note == "" || l.kind == comment {
				continue
			}
			behind = true
			if n := width(l.code()); n <= longestCode {
				column = max(column, nextStop(n+1))
			}
		}
		for _, l := range f.lines[start:end] {
			l.placeNote(column, behind)
		}
		start = max(start, end-1)
	}
}

// inBlock reports whether a line belongs to a block of lines of a kind that share
// a column for comments; its first line with code decides on the kind.
func (l *line) inBlock(of *kind) bool {
	switch l.kind {
	case code, marginal:
		if *of == blank {
			*of = l.kind
		}
		return l.kind == *of
	case comment:
		return l.column > 0
	}
	return false
}

// placeNote puts the line's comment into the column of its block, or else beside
// or above the code.
func (l *line) placeNote(column int, behind bool) {
	switch {
	case l.kind != comment:
		l.noteAt = column
		if n := width(l.code()); n > longestCode {
			l.noteAt = nextStop(n + 1)
		}
	case behind && l.column >= besideColumn:
		l.noteAt = column
	default:
		l.noteAt = opColumn
	}
}

// code is the line without its comment.
func (l *line) code() string {
	out := l.label
	if l.op != "" {
		out = pad(out, l.at) + l.op
	}
	if l.args != "" {
		out = pad(out, l.at+operandColumn-opColumn) + l.args
	}
	return out
}

// write puts the lines together.
func (f *formatter) write() string {
	end := "\n"
	if i := strings.IndexByte(f.text, '\n'); i > 0 && f.text[i-1] == '\r' {
		end = "\r\n"
	}
	last := len(f.lines)
	for last > 0 && f.lines[last-1].kind == blank {
		last--
	}
	var b strings.Builder
	b.Grow(len(f.text) + len(f.text)/4)
	if last > 0 {
		b.WriteString(f.text[:f.lines[0].source.Range.Start]) // a byte order mark
	}
	for _, l := range f.lines[:last] {
		b.WriteString(l.output())
		b.WriteString(end)
	}
	return b.String()
}

// output is the first way to write the line that means what it meant.
func (l *line) output() string {
	out := l.code()
	switch {
	case l.kind == blank:
		return ""
	case l.kind == asIs:
		out = l.raw
	case l.kind == comment && l.column == 0:
		out = l.note
	case l.note != "":
		out = pad(out, l.noteAt) + l.note
	}
	for _, try := range []string{trimEnd(out), trimEnd(l.raw)} {
		if l.means(try) {
			return try
		}
	}
	return strings.TrimSuffix(l.raw, "\r")
}

// means reports whether text has the tokens and the comment of the line.
func (l *line) means(text string) bool {
	n := 0
	for s := range parser.Lines(0, text+"\n") {
		if n++; n > 1 || s.Joined != l.source.Joined || trimEnd(text[s.Comment.Start:s.Comment.End]) != l.note || !l.same(s.Tokens) {
			return false
		}
	}
	return n == 1
}

// same reports whether tokens are those of the line. At the margin, where macros
// and directives are, the white space counts.
func (l *line) same(tokens []parser.Token) bool {
	if len(tokens) != len(l.source.Tokens) {
		return false
	}
	for i, t := range l.source.Tokens {
		if t.Kind != tokens[i].Kind || t.Text != tokens[i].Text || l.kind == marginal && i > 0 && t.Space != tokens[i].Space {
			return false
		}
	}
	return true
}

// trimEnd removes white space from the end of a line. A backslash must not come
// to stand there, where it would continue the line.
func trimEnd(s string) string {
	t := strings.TrimRight(s, " \t\r\v\f")
	if len(t) < len(s) && strings.HasSuffix(t, `\`) {
		t += " "
	}
	return t
}

// startColumn returns the screen column at which a line's text begins.
func startColumn(raw string) int {
	n := 0
	for _, c := range raw {
		switch c {
		case ' ':
			n++
		case '\t':
			n += tabStop - n%tabStop
		default:
			return n
		}
	}
	return n
}

// pad fills up s with blanks to a column, with at least one behind any text.
func pad(s string, column int) string {
	n := width(s)
	if n >= column && n > 0 {
		return s + " "
	}
	return s + strings.Repeat(" ", column-n)
}

func width(s string) int { return utf8.RuneCountInString(s) }

// nextStop returns the first tab stop from a column on.
func nextStop(column int) int { return (column + tabStop - 1) / tabStop * tabStop }
