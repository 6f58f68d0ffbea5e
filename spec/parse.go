package spec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tasm/diag"
)

// Limits of what is written in a notation.
const (
	mostText  = 16 << 20 // bytes of a text, repetitions and all
	mostCases = 10_000
)

// ParseSource reads the cases in the comments of a source. Of mistakes the messages tell;
// a suite with errors must not be run.
func ParseSource(files *diag.Files, id diag.FileID) (*Suite, *diag.Bag) {
	said := &diag.Bag{}
	return parse(sourceLines(files, id, said), said), said
}

// ParseFile reads the cases of a file that holds nothing else.
func ParseFile(files *diag.Files, id diag.FileID) (*Suite, *diag.Bag) {
	said := &diag.Bag{}
	return parse(fileLines(files, id), said), said
}

// Parse reads a file that is either: a source if a comment in it begins a test.
func Parse(files *diag.Files, id diag.FileID) (*Suite, *diag.Bag) {
	said := &diag.Bag{}
	if lines := sourceLines(files, id, said); len(lines) > 0 {
		return parse(lines, said), said
	}
	return ParseFile(files, id)
}

// reader reads notation line by line.
type reader struct {
	said  *diag.Bag
	suite *Suite
	base  *Case // what holds for all cases from here on
	case_ *Case // the case that lines add to; nil before the first

	// The line that is read: its statement and what is left of its tokens.
	line   *line
	head   diag.Range // the words that name the statement
	tokens []token
	// text receives lines that begin with a bar; nil where none may follow.
	text *textTarget
}

// textTarget is a text that the following lines may add to.
type textTarget struct {
	add   func(string)
	lines int
	at    diag.Range
}

func parse(lines []line, said *diag.Bag) *Suite {
	r := &reader{said: said, suite: &Suite{}, base: &Case{CloseAfter: -1}}
	for i := range lines {
		r.read(&lines[i])
	}
	r.endText()
	for _, c := range r.suite.Cases {
		c.finish()
	}
	return r.suite
}

// read reads a line.
func (r *reader) read(l *line) {
	if body, isText := strings.CutPrefix(l.text, "|"); isText {
		r.literal(l, body)
		return
	}
	r.endText()
	r.text = nil
	tokens, ok := l.tokens(r.said)
	if !ok || len(tokens) == 0 {
		return
	}
	r.line, r.tokens = l, tokens
	if l.first {
		r.begin()
		return
	}
	s := r.statement()
	if s == nil {
		return
	}
	if r.case_ == nil {
		r.said.Add(diag.Errorf(l.at, "this belongs to no test").Notef(`begin one in the line before: test "what it shows"`))
		return
	}
	s.read(r)
	if len(r.tokens) > 0 && r.line != nil {
		r.fail(r.rest(), "there is more here than '%s' takes", s.name).Notef("it is written: %s", s.form())
	}
}

// literal adds a line of text to the statement before.
func (r *reader) literal(l *line, body string) {
	if r.text == nil {
		r.said.Add(diag.Errorf(l.at, "this line of text belongs to nothing").Notef("such lines follow one that takes a text and has none: stdin, file, expect stdout and their like"))
		return
	}
	body = strings.TrimPrefix(body, " ")
	r.text.add(body + "\n")
	r.text.lines++
}

// endText complains of a text that never came.
func (r *reader) endText() {
	if r.text != nil && r.text.lines == 0 {
		r.said.Add(diag.Errorf(r.text.at, "the text is missing").Notef(`write it in quotes behind this, "one\n", or in lines of its own, each after a bar: | one`))
	}
}

// begin starts a case, or what holds for all that follow.
func (r *reader) begin() {
	head := r.next()
	if head.text == "tests" {
		if len(r.tokens) > 0 {
			r.fail(r.rest(), "'tests' takes nothing: the lines below it hold for all tests that follow")
		}
		r.case_ = r.base
		return
	}
	name, ok := r.take(stringToken, "the name of the test")
	if !ok {
		return
	}
	c := r.base.clone()
	c.Name, c.Range = name.text, r.line.at
	r.case_ = c
	for _, other := range r.suite.Cases {
		if other.Name == c.Name {
			r.fail(name.at, "another test has this name").NoteAt(other.Range, "here")
		}
	}
	if len(r.suite.Cases) >= mostCases {
		r.fail(name.at, "there are more than %d tests", mostCases)
		return
	}
	if c.Name == "" || strings.ContainsFunc(c.Name, unicode.IsControl) {
		r.fail(name.at, "the name of a test is a line of text")
	}
	r.suite.Cases = append(r.suite.Cases, c)
	if len(r.tokens) > 0 {
		r.fail(r.rest(), "there is more here than the name of a test")
	}
}

// statement finds the statement that the first words of the line name, the longest
// that fits, and takes these words.
func (r *reader) statement() *statement {
	var words []string
	for _, t := range r.tokens {
		if t.kind != wordToken || len(words) == mostWords {
			break
		}
		words = append(words, t.text)
	}
	for n := len(words); n > 0; n-- {
		name := strings.Join(words[:n], " ")
		i := slices.IndexFunc(statements, func(s statement) bool { return s.name == name })
		if i < 0 {
			continue
		}
		r.head = r.tokens[0].at.To(r.tokens[n-1].at)
		r.tokens = r.tokens[n:]
		return &statements[i]
	}
	r.unknown(words)
	return nil
}

// unknown complains of a line that begins with no statement.
func (r *reader) unknown(words []string) {
	first := r.tokens[0]
	if len(words) == 0 {
		r.fail(first.at, "a line begins with a word")
		return
	}
	var firsts, seconds []string
	for _, s := range statements {
		word, rest, _ := strings.Cut(s.name, " ")
		firsts = append(firsts, word)
		if word == words[0] && rest != "" {
			seconds = append(seconds, beforeComparison(rest))
		}
	}
	if len(seconds) > 0 {
		at, given := first.at, ""
		if len(r.tokens) > 1 {
			at, given = r.tokens[1].at, r.tokens[1].text
		}
		m := r.fail(at, "it is not said what is expected")
		near := diag.Nearest(given, seconds)
		if near != "" {
			m.Suggest(at, near)
		}
		m.Notef("known are: %s", strings.Join(distinct(seconds), ", "))
		return
	}
	m := r.fail(first.at, "there is no '%s' in the notation of tests", words[0])
	if near := diag.Nearest(words[0], append(firsts, "test", "tests")); near != "" {
		m.Suggest(first.at, near).Notef("did you mean '%s'?", near)
		return
	}
	m.Notef("known are: test, tests, %s", strings.Join(distinct(firsts), ", "))
}

// beforeComparison is a statement's name without the way to compare a text.
func beforeComparison(name string) string {
	for _, how := range comparisons[1:] {
		name = strings.TrimSuffix(name, " "+how.name)
	}
	return name
}

// distinct leaves out what stands twice in a row.
func distinct(list []string) []string { return slices.Compact(slices.Clone(list)) }

// fail adds a message and ends the reading of this line.
func (r *reader) fail(at diag.Range, format string, args ...any) *diag.Message {
	m := diag.Errorf(at, "%s", fmt.Sprintf(format, args...))
	r.said.Add(m)
	r.tokens = nil
	return m
}

// next takes the next token, which is there.
func (r *reader) next() token {
	t := r.tokens[0]
	r.tokens = r.tokens[1:]
	return t
}

// rest is the place of all tokens that are left.
func (r *reader) rest() diag.Range { return r.tokens[0].at.To(r.tokens[len(r.tokens)-1].at) }

// take takes a token of a kind.
func (r *reader) take(kind tokenKind, what string) (token, bool) {
	if len(r.tokens) == 0 {
		r.fail(r.head.To(r.line.at), "%s is missing", what)
		return token{}, false
	}
	if t := r.tokens[0]; t.kind != kind {
		m := r.fail(t.at, "%s is expected here", what)
		if kind == stringToken {
			m.Notef(`a text stands in quotes: "%s"`, t.text)
		}
		return token{}, false
	}
	return r.next(), true
}

// word takes a word that is one of a list.
func (r *reader) word(what string, choices []string) (token, bool) {
	t, ok := r.take(wordToken, what)
	if ok && !slices.Contains(choices, t.text) {
		_, bare, _ := strings.Cut(what, " ") // without its article
		m := r.fail(t.at, "'%s' is no %s", t.text, bare)
		if near := diag.Nearest(t.text, choices); near != "" {
			m.Suggest(t.at, near).Notef("did you mean '%s'?", near)
		} else if len(choices) < 12 {
			m.Notef("it can be %s", strings.Join(choices, ", "))
		}
		return t, false
	}
	return t, ok
}

// keyword takes a certain word if it is next.
func (r *reader) keyword(word string) bool {
	if len(r.tokens) > 0 && r.tokens[0].kind == wordToken && r.tokens[0].text == word {
		r.next()
		return true
	}
	return false
}

// number takes a number from low to high.
func (r *reader) number(what string, low, high int64) (int64, bool) {
	t, ok := r.take(wordToken, what)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(t.text, "_", ""), 0, 64)
	switch {
	case err != nil && high == math.MaxInt64:
		r.fail(t.at, "%s is expected here, not '%s'", what, t.text)
	case err != nil || n < low || n > high:
		r.fail(t.at, "%s is a number from %d to %d", what, low, high)
	default:
		return n, true
	}
	return 0, false
}

// values takes what is left of the line: words and texts in quotes, at least one.
func (r *reader) values(what string) []token {
	if len(r.tokens) == 0 {
		r.fail(r.head, "%s is missing", what)
		return nil
	}
	all := r.tokens
	r.tokens = nil
	return all
}

// words takes what is left of the line, each one of a list.
func (r *reader) words(what string, choices []string) (out []token) {
	for first := true; first || len(r.tokens) > 0; first = false {
		t, ok := r.word(what, choices)
		if !ok {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// read takes a text: one or more in quotes, perhaps several times over, or the lines
// that follow. What is found is handed to add.
func (r *reader) readText(add func(string)) {
	if len(r.tokens) == 0 {
		size := 0
		r.text = &textTarget{at: r.head, add: func(s string) {
			if size += len(s); size <= mostText {
				add(s)
			}
		}}
		return
	}
	var b strings.Builder
	for len(r.tokens) > 0 && !r.peek("times") {
		t, ok := r.take(stringToken, "a text")
		if !ok {
			return
		}
		b.WriteString(t.text)
	}
	count := int64(1)
	if r.keyword("times") {
		n, ok := r.number("the count", 0, mostText)
		if !ok {
			return
		}
		count = n
	}
	if int64(b.Len())*count > mostText {
		r.fail(r.line.at, "this text is longer than %d MiB", mostText>>20)
		return
	}
	add(strings.Repeat(b.String(), int(count)))
}

func (r *reader) peek(word string) bool {
	return r.tokens[0].kind == wordToken && r.tokens[0].text == word
}
