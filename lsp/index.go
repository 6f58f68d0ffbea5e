package lsp

import (
	"slices"
	"strings"

	"tasm/codegen/x86"
	"tasm/parser"
)

// An index is what can be known of the names of a file without assembling it.
// It is there whatever mistakes the rest of the file has.
type index struct {
	text     *text
	lines    []parser.SourceLine
	names    []name // in order of their places
	macros   map[string]macro
	includes []string
	own      bool // a TARGET makes entry, image and sys directives
	target   string
	parents  []string // for each line of lines: the label that .local belongs to below it
}

// name is a place where a name stands.
type name struct {
	full       string // with the label that it belongs to
	text       string // as written, without a leading $
	start, end int    // bytes of the file, without a leading $
	kind       nameKind
	defines    bool
	line       int // of index.lines
}

type nameKind uint8

const (
	labelName nameKind = iota
	equName
	macroName
	constantName // %define and %assign
)

// macro is a macro of either kind.
type macro struct {
	kind   nameKind
	name   string // as written
	params string // as written: "2+" or "(x, y)"
	about  string // the comments above its definition, and behind it
	body   string // the directive or lines that define it
}

var lexicon = parser.NewLexicon(x86.Vocabulary{})

// newIndex reads a file; known are the macros of files that it includes.
func newIndex(body string, known map[string]macro) *index {
	x := &index{text: newText(body), macros: map[string]macro{}}
	x.lines = make([]parser.SourceLine, 0, len(x.text.lines))
	x.names = make([]name, 0, len(x.text.lines))
	for line := range parser.Lines(0, body) {
		x.lines = append(x.lines, line)
	}
	for k, m := range known {
		x.macros[k] = m
	}
	for i, line := range x.lines {
		x.define(i, line)
	}
	x.parents = make([]string, len(x.lines))
	parent, struc := "", false
	for i, line := range x.lines {
		x.read(i, line, &parent, &struc)
		x.parents[i] = parent
	}
	slices.SortStableFunc(x.names, func(a, b name) int { return a.start - b.start })
	return x
}

// define notes the macros that a line defines, and what it includes.
func (x *index) define(i int, line parser.SourceLine) {
	tokens := line.Tokens
	if len(tokens) < 2 {
		return
	}
	arg := tokens[1]
	switch word := parser.PreprocessorWord(tokens[0]); word {
	case "%include", "%require":
		if arg.Kind == parser.String && len(arg.Text) >= 2 {
			x.includes = append(x.includes, arg.Text[1:len(arg.Text)-1])
		}
	case "%macro", "%imacro", "%rmacro", "%irmacro":
		m := macro{kind: macroName, name: arg.Text, about: x.about(i)}
		if len(tokens) > 2 {
			m.params = x.slice(tokens[2:])
		}
		if end := x.closing(i); end > i {
			m.body = x.text.body[x.lines[i].Range.Start:x.lines[end].Range.End]
		}
		x.macros[strings.ToLower(arg.Text)] = m
	case "%define", "%idefine", "%xdefine", "%ixdefine", "%assign", "%iassign", "%defstr", "%deftok", "%strlen", "%istrlen", "%strcat", "%istrcat", "%substr", "%isubstr":
		if arg.Kind == parser.Identifier {
			m := macro{kind: constantName, name: arg.Text, about: x.about(i), body: x.slice(tokens)}
			if k := slices.IndexFunc(tokens, func(t parser.Token) bool { return t.Text == ")" }); k > 2 && tokens[2].Range.Start == arg.Range.End && tokens[2].Text == "(" {
				m.params = x.slice(tokens[2 : k+1])
			}
			x.macros[strings.ToLower(arg.Text)] = m
		}
	case "":
		if strings.EqualFold(tokens[0].Text, "target") && len(tokens) >= 4 && tokens[2].Text == "/" && !x.own {
			x.own, x.target = true, tokens[1].Text+"/"+tokens[3].Text
		}
	}
}

// about returns the comments right above a line, and the one behind it.
func (x *index) about(i int) string {
	first := i
	for first > 0 && len(x.lines[first-1].Tokens) == 0 && x.lines[first-1].Comment.Start < x.lines[first-1].Comment.End {
		first--
	}
	var about []string
	for _, l := range x.lines[first : i+1] {
		if text := strings.TrimLeft(x.text.body[l.Comment.Start:l.Comment.End], "; \t"); text != "" {
			about = append(about, strings.TrimRight(text, " \t\r"))
		}
	}
	return clip(strings.Join(about, "\n"))
}

// slice returns the text from the first of tokens to the last.
func (x *index) slice(tokens []parser.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	return x.text.body[tokens[0].Range.Start:tokens[len(tokens)-1].Range.End]
}

// read notes the names in a line.
func (x *index) read(i int, line parser.SourceLine, parent *string, struc *bool) {
	tokens := line.Tokens
	if len(tokens) == 0 {
		return
	}
	first := 0
	word := parser.PreprocessorWord(tokens[0])
	switch {
	case word != "":
		first = x.macroLine(i, word, tokens)
	case strings.EqualFold(tokens[0].Text, "struc") && len(tokens) > 1:
		*struc = true
		*parent = trimDollar(tokens[1].Text)
		x.add(i, tokens[1], "", labelName, true)
		first = 2
	case strings.EqualFold(tokens[0].Text, "endstruc"):
		*struc = false
	default:
		first = x.labelLine(i, tokens, parent)
	}
	for k := first; k < len(tokens); k++ {
		t := tokens[k]
		if t.Kind != parser.Identifier {
			continue
		}
		kind := lexicon.Kind(t.Text)
		_, isMacro := x.macros[strings.ToLower(t.Text)]
		if isMacro {
			x.add(i, t, "", x.macros[strings.ToLower(t.Text)].kind, false)
		} else if kind == parser.NameWord || kind == parser.OwnWord && (!x.own || k > 0) {
			x.add(i, t, *parent, labelName, false)
		}
	}
}

// macroLine notes the macro that a line of the preprocessor defines, and returns
// the index of its first other token.
func (x *index) macroLine(i int, word string, tokens []parser.Token) int {
	if len(tokens) < 2 || tokens[1].Kind != parser.Identifier {
		return 1
	}
	if m, ok := x.macros[strings.ToLower(tokens[1].Text)]; ok {
		x.add(i, tokens[1], "", m.kind, strings.HasPrefix(word, "%def") || strings.HasSuffix(word, "macro") && !strings.HasPrefix(word, "%un") ||
			strings.HasSuffix(word, "define") || strings.HasSuffix(word, "assign") || strings.HasPrefix(word, "%str"))
		return 2
	}
	return 1
}

// labelLine notes the label of a line and returns the index of its first other token.
func (x *index) labelLine(i int, tokens []parser.Token, parent *string) int {
	t := tokens[0]
	if t.Kind != parser.Identifier {
		return 0
	}
	colon := len(tokens) > 1 && tokens[1].Kind == parser.Punctuation && tokens[1].Text == ":"
	kind := lexicon.Kind(t.Text)
	_, isMacro := x.macros[strings.ToLower(t.Text)]
	if isMacro || !colon && kind != parser.NameWord && (kind != parser.OwnWord || x.own) {
		return 0
	}
	next := 1
	if colon {
		next = 2
	}
	what := parser.NameWord
	if next < len(tokens) && tokens[next].Kind == parser.Identifier {
		what = lexicon.Kind(tokens[next].Text)
	}
	if !colon && len(tokens) > 1 {
		switch what {
		case parser.MnemonicWord, parser.DataWord, parser.EquWord, parser.TimesWord, parser.PrefixWord:
		default:
			return 0
		}
	}
	own := labelName
	if what == parser.EquWord {
		own = equName
	}
	x.add(i, t, *parent, own, true)
	if written := trimDollar(t.Text); !strings.HasPrefix(written, ".") {
		*parent = written
	}
	return next
}

func trimDollar(s string) string { return strings.TrimPrefix(s, "$") }

// add notes a name.
func (x *index) add(line int, t parser.Token, parent string, kind nameKind, defines bool) {
	written := trimDollar(t.Text)
	if written == "" || int(t.Range.End-t.Range.Start) != len(t.Text) {
		return // divided by a backslash at the end of a line
	}
	full := written
	switch {
	case kind == macroName || kind == constantName:
		full = strings.ToLower(written)
	case strings.HasPrefix(written, ".") && !strings.HasPrefix(written, ".."):
		full = parent + written
	}
	x.names = append(x.names, name{
		full: full, text: written, kind: kind, defines: defines, line: line,
		start: int(t.Range.End) - len(written), end: int(t.Range.End),
	})
}

// at returns the name at a byte, or just before it; nil if there is none.
func (x *index) at(offset int) *name {
	i, _ := slices.BinarySearchFunc(x.names, offset, func(n name, at int) int { return n.start - at })
	for _, k := range []int{i, i - 1} {
		if k >= 0 && k < len(x.names) && x.names[k].start <= offset && offset <= x.names[k].end {
			return &x.names[k]
		}
	}
	return nil
}

// isMacro reports whether a name is one of the preprocessor.
func (k nameKind) isMacro() bool { return k == macroName || k == constantName }

// same reports whether two names mean the same.
func (n *name) same(o *name) bool {
	return n.full == o.full && n.kind.isMacro() == o.kind.isMacro()
}

// lineAt returns the index of the line that a byte stands in.
func (x *index) lineAt(offset int) int {
	i, found := slices.BinarySearchFunc(x.lines, offset, func(l parser.SourceLine, at int) int { return int(l.Range.Start) - at })
	if !found {
		i--
	}
	return i
}

// tokenAt returns the token at a byte, or just before it.
func (x *index) tokenAt(offset int) (parser.Token, bool) {
	i := x.lineAt(offset)
	if i < 0 {
		return parser.Token{}, false
	}
	var found parser.Token
	ok := false
	for _, t := range x.lines[i].Tokens {
		if int(t.Range.Start) <= offset && offset <= int(t.Range.End) {
			found, ok = t, true
		}
	}
	return found, ok
}

// closing returns the line that closes the block which line i opens, or i.
func (x *index) closing(i int) int {
	depth := 0
	for k := i; k < len(x.lines); k++ {
		switch blockEdge(x.lines[k]) {
		case 1:
			depth++
		case -1:
			if depth--; depth == 0 {
				return k
			}
		}
	}
	return i
}

// blockEdge is 1 for a line that opens a block, -1 for one that closes one, else 0.
func blockEdge(line parser.SourceLine) int {
	if len(line.Tokens) == 0 {
		return 0
	}
	switch word := parser.PreprocessorWord(line.Tokens[0]); word {
	case "%macro", "%imacro", "%rmacro", "%irmacro", "%rep":
		return 1
	case "%endmacro", "%endm", "%endrep", "%endif":
		return -1
	case "":
		switch strings.ToLower(line.Tokens[0].Text) {
		case "struc":
			return 1
		case "endstruc":
			return -1
		}
	default:
		if strings.HasPrefix(word, "%if") {
			return 1
		}
	}
	return 0
}
