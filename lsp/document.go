package lsp

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// text is the text of a document, and where its lines begin.
type text struct {
	body  string
	lines []int // offsets
}

func newText(body string) *text {
	t := &text{body: body, lines: make([]int, 1, strings.Count(body, "\n")+1)}
	for i := 0; i < len(body); i++ {
		if body[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// offset returns the byte at a position, or the nearest that there is.
func (t *text) offset(p position) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(t.lines) {
		return len(t.body)
	}
	line := t.line(p.Line)
	at, units := 0, 0
	for at < len(line) && units < p.Character {
		r, size := utf8.DecodeRuneInString(line[at:])
		units += utf16Units(r)
		at += size
	}
	return t.lines[p.Line] + at
}

// line returns a line without its end.
func (t *text) line(n int) string {
	end := len(t.body)
	if n+1 < len(t.lines) {
		end = t.lines[n+1]
	}
	return strings.TrimRight(t.body[t.lines[n]:end], "\r\n")
}

// position returns the position of a byte.
func (t *text) position(offset int) position {
	offset = min(max(offset, 0), len(t.body))
	line := sort.Search(len(t.lines), func(i int) bool { return t.lines[i] > offset }) - 1
	units := 0
	for _, r := range t.body[t.lines[line]:offset] {
		units += utf16Units(r)
	}
	return position{line, units}
}

func (t *text) span(start, end int) textRange { return textRange{t.position(start), t.position(end)} }

// utf16Units returns how many units of UTF-16 a character has.
func utf16Units(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// edit replaces a range of the text.
func (t *text) edit(r textRange, with string) *text {
	start, end := t.offset(r.Start), t.offset(r.End)
	end = max(start, end)
	return newText(t.body[:start] + with + t.body[end:])
}
