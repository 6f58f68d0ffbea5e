package spec

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"tasm/diag"
)

// line is a line of notation, without the signs of its comment.
type line struct {
	text  string
	at    diag.Range // of the text
	first bool       // it begins a test
}

// sourceLines returns the lines of notation in a source: blocks of neighbouring
// comments with two semicolons, of which the first line begins a test.
func sourceLines(files *diag.Files, id diag.FileID, said *diag.Bag) []line {
	var out []line
	inside, offset := false, 0
	for text := range bytes.Lines(files.Text(id)) {
		start := offset
		offset += len(text)
		s := strings.TrimSpace(string(text))
		body, marked := strings.CutPrefix(s, ";;")
		if !marked {
			inside = false
			continue
		}
		begin := start + strings.Index(string(text), ";;") + len(";;")
		l := trimmed(body, begin, id)
		word, _, _ := strings.Cut(l.text, " ")
		switch first := word == "test" || word == "tests"; {
		case first:
			l.first, inside = true, true
		case !inside && word == "expect":
			said.Add(diag.Errorf(l.at, "this belongs to no test").Notef(`begin one in the line before: ;; test "what it shows"`))
			continue
		case !inside || l.text == "":
			continue
		}
		out = append(out, l)
	}
	return out
}

// fileLines returns the lines of a file that holds nothing but notation. A semicolon
// or a number sign at the beginning of a line makes a comment of it.
func fileLines(files *diag.Files, id diag.FileID) []line {
	var out []line
	offset := 0
	for text := range bytes.Lines(files.Text(id)) {
		start := offset
		offset += len(text)
		l := trimmed(string(text), start, id)
		if l.text == "" || l.text[0] == ';' || l.text[0] == '#' {
			continue
		}
		word, _, _ := strings.Cut(l.text, " ")
		l.first = word == "test" || word == "tests"
		out = append(out, l)
	}
	return out
}

// trimmed makes a line of text at an offset, without the blanks around it. Blanks at
// the end of a line of text that is meant literally (|) stay.
func trimmed(text string, offset int, id diag.FileID) line {
	left := strings.TrimLeft(text, " \t")
	offset += len(text) - len(left)
	left = strings.TrimRight(left, "\r\n")
	if !strings.HasPrefix(left, "|") {
		left = strings.TrimRight(left, " \t\r\n")
	}
	return line{text: left, at: diag.Range{File: id, Start: int32(offset), End: int32(offset + len(left))}}
}

// token is a word, a text in quotes, or a pattern between slashes.
type token struct {
	text string
	kind tokenKind
	at   diag.Range
}

type tokenKind uint8

const (
	wordToken tokenKind = iota
	stringToken
	patternToken
)

// tokens splits a line.
func (l *line) tokens(said *diag.Bag) (out []token, ok bool) {
	for i := 0; ; {
		for i < len(l.text) && (l.text[i] == ' ' || l.text[i] == '\t') {
			i++
		}
		if i == len(l.text) {
			return out, true
		}
		t, end, m := l.token(i)
		if m != nil {
			said.Add(m)
			return nil, false
		}
		out = append(out, t)
		i = end
	}
}

// span is a part of the line as a place in its file.
func (l *line) span(from, to int) diag.Range {
	return diag.Range{File: l.at.File, Start: l.at.Start + int32(from), End: l.at.Start + int32(to)}
}

// token reads the token at i and returns where it ends.
func (l *line) token(i int) (token, int, *diag.Message) {
	switch l.text[i] {
	case '"':
		text, end, m := l.quoted(i)
		if m == nil && end < len(l.text) && l.text[end] != ' ' && l.text[end] != '\t' {
			m = diag.Errorf(l.span(end, end+1), "a text ends at its second quote").Notef(`put a blank behind it, or write \" for a quote in the text`)
		}
		return token{text, stringToken, l.span(i, end)}, end, m
	case '/':
		if text, end, ok := l.pattern(i); ok {
			return token{text, patternToken, l.span(i, end)}, end, nil
		}
	}
	end := i
	for end < len(l.text) && l.text[end] != ' ' && l.text[end] != '\t' {
		end++
	}
	return token{l.text[i:end], wordToken, l.span(i, end)}, end, nil
}

// pattern reads what stands between slashes; a path is none.
func (l *line) pattern(i int) (text string, end int, ok bool) {
	var b strings.Builder
	for end = i + 1; end < len(l.text); end++ {
		switch {
		case strings.HasPrefix(l.text[end:], `\/`):
			b.WriteByte('/')
			end++
		case strings.HasPrefix(l.text[end:], `\`) && end+1 < len(l.text):
			b.WriteString(l.text[end : end+2])
			end++
		case l.text[end] == '/':
			rest := l.text[end+1:]
			return b.String(), end + 1, rest == "" || rest[0] == ' ' || rest[0] == '\t'
		default:
			b.WriteByte(l.text[end])
		}
	}
	return "", 0, false
}

// escapes are what a backslash and a character stand for in a text.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'e': 0x1b, '\\': '\\', '"': '"'}

// quoted reads a text in quotes.
func (l *line) quoted(i int) (text string, end int, m *diag.Message) {
	var b strings.Builder
	for end = i + 1; end < len(l.text); end++ {
		switch c := l.text[end]; {
		case c == '"':
			return b.String(), end + 1, nil
		case c != '\\':
			b.WriteByte(c)
		case end+1 == len(l.text):
		case l.text[end+1] == 'x':
			n, err := strconv.ParseUint(l.text[min(end+2, len(l.text)):min(end+4, len(l.text))], 16, 8)
			if err != nil || end+4 > len(l.text) {
				return "", 0, diag.Errorf(l.span(end, min(end+4, len(l.text))), `\x takes two hexadecimal digits`).Notef(`\x41 is the letter A`)
			}
			b.WriteByte(byte(n))
			end += 3
		default:
			value, known := escapes[l.text[end+1]]
			if !known {
				_, size := utf8.DecodeRuneInString(l.text[end+1:])
				return "", 0, diag.Errorf(l.span(end, end+1+size), "a backslash means nothing before this").Notef(`known are \n \t \r \0 \e \xNN \\ and \"`)
			}
			b.WriteByte(value)
			end++
		}
	}
	return "", 0, diag.Errorf(l.span(i, len(l.text)), "this text is never closed").Suggest(l.span(len(l.text), len(l.text)), `"`)
}
