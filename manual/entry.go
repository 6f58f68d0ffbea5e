package manual

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Entry is what there is to say of a word.
type Entry struct {
	Word    string `json:"word"`            // as it is written
	Kind    string `json:"kind"`            // "instruction", "register", "system call" ...
	Title   string `json:"title,omitempty"` // a few words: "add with carry"
	Summary string `json:"summary"`         // one or two sentences
	// Sections follow in the order in which they are of interest.
	Sections []Section `json:"sections,omitempty"`
}

// Section is a part of an entry under a heading.
type Section struct {
	Title string `json:"title"`
	// Rows are the rows of a table; the first is its head where Head is set.
	Rows [][]string `json:"rows,omitempty"`
	Head bool       `json:"head,omitempty"`
	// Code is text whose lines are kept.
	Code []string `json:"code,omitempty"`
	// Notes are sentences below them.
	Notes []string `json:"notes,omitempty"`
}

// width is how wide text for terminals is, in columns.
const width = 80

// Text writes the entry for a terminal.
func (e *Entry) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  (%s)\n", e.heading(), e.Kind)
	wrap(&b, "  ", "  ", e.Summary)
	for _, s := range e.Sections {
		fmt.Fprintf(&b, "\n%s\n", s.Title)
		for _, line := range s.Code {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		columns(&b, s.Rows)
		for _, n := range s.Notes {
			wrap(&b, "  ", "  ", n)
		}
	}
	return b.String()
}

func (e *Entry) heading() string {
	if e.Title == "" {
		return e.Word
	}
	return e.Word + ": " + e.Title
}

// Markdown writes the entry for pages and for the hovers of editors.
func (e *Entry) Markdown() string {
	var b strings.Builder
	title := ""
	if e.Title != "" {
		title = ": " + escape(e.Title)
	}
	fmt.Fprintf(&b, "**`%s`**%s (%s)\n\n%s\n", e.Word, title, e.Kind, escape(e.Summary))
	for i := range e.Sections {
		s := &e.Sections[i]
		fmt.Fprintf(&b, "\n**%s**\n", s.Title)
		if len(s.Code) > 0 {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(s.Code, "\n"))
		}
		s.table(&b)
		for _, n := range s.Notes {
			fmt.Fprintf(&b, "\n%s\n", escape(n))
		}
	}
	return b.String()
}

// table writes the rows of a section as a table of Markdown.
func (s *Section) table(b *strings.Builder) {
	if len(s.Rows) == 0 {
		return
	}
	rows, n := s.Rows, 0
	for _, r := range rows {
		n = max(n, len(r))
	}
	line := func(r []string) {
		b.WriteByte('|')
		for i := range n {
			cell := ""
			if i < len(r) {
				cell = escape(r[i])
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	if s.Head {
		line(rows[0])
		rows = rows[1:]
	} else {
		line(nil)
	}
	b.WriteString(strings.Repeat("|---", n) + "|\n")
	for _, r := range rows {
		line(r)
	}
}

// escape keeps text from being taken for markup.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "`", "\\`").Replace(s)
}

// columns writes rows in columns; the last column is wrapped.
func columns(b *strings.Builder, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(r)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, r := range rows {
		line, last := "  ", len(r)-1
		for i, cell := range r[:last] {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		indent := utf8.RuneCountInString(line)
		wrap(b, line, strings.Repeat(" ", min(indent, width/2)), r[last])
	}
}

// wrap writes text in lines, the first of which begins with first and the others
// with indent.
func wrap(b *strings.Builder, first, indent, text string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
