package diag

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ANSI escape sequences (ECMA-48, SGR).
const (
	bold    = "\x1b[1m"
	red     = "\x1b[1;31m"
	magenta = "\x1b[1;35m"
	cyan    = "\x1b[1;36m"
	green   = "\x1b[32m"
	reset   = "\x1b[0m"
)

// Human writes messages for people at a terminal: where and what, the source
// line with the place marked, what would mend it, and the notes, those with a
// place of their own with their line too.
//
//	hello.tasm:3:9: error: there is no instruction 'mvo'
//	    3 |         mvo eax, 4
//	      |         ^~~
//	      |         mov
func Human(w io.Writer, files *Files, messages []*Message, color bool) error {
	h := human{Writer: bufio.NewWriter(w), files: files, color: color}
	for _, m := range messages {
		h.message(m)
	}
	return h.Flush()
}

type human struct {
	*bufio.Writer
	files *Files
	color bool
}

func (h *human) message(m *Message) {
	severityColor := red
	if m.Severity == Warning {
		severityColor = magenta
	}
	h.heading(m.Range, m.Severity.String(), severityColor, m.Text+class(m))
	h.excerpt(m.Range, m.Fixes)
	notes, more := firstNotes(m)
	for _, n := range notes {
		if n.Range.IsZero() {
			fmt.Fprintf(h, "      = %s %s\n", h.paint(cyan, "note:"), printable(n.Text))
			continue
		}
		h.heading(n.Range, "note", cyan, n.Text)
		h.excerpt(n.Range, nil)
	}
	if more != "" {
		fmt.Fprintf(h, "      = %s\n", more)
	}
}

// maxNotes is how many notes of one message people are shown.
const maxNotes = 12

// firstNotes returns the notes to show, and what to say of the others.
func firstNotes(m *Message) (notes []Note, more string) {
	if len(m.Notes) <= maxNotes {
		return m.Notes, ""
	}
	return m.Notes[:maxNotes], fmt.Sprintf("... and %d more notes", len(m.Notes)-maxNotes)
}

// class is what follows the text of a warning: the option that names its class.
func class(m *Message) string {
	if m.Code == "" {
		return ""
	}
	return " [-w+" + m.Code + "]"
}

func (h *human) heading(r Range, kind, kindColor, text string) {
	fmt.Fprintf(h, "%s %s %s\n", h.paint(bold, h.files.place(r)), h.paint(kindColor, kind+":"), h.paint(bold, printable(text)))
}

// place returns "file:line:column:" for people, "tasm:" where there is none.
func (fs *Files) place(r Range) string {
	if r.IsZero() {
		return "tasm:"
	}
	p := fs.Position(r)
	return fmt.Sprintf("%s:%d:%d:", printable(p.File), p.Line, p.Column)
}

// excerpt writes the line of r with r marked, and below the mark the text that
// would mend it.
func (h *human) excerpt(r Range, fixes []Fix) {
	if r.IsZero() || h.files.Text(r.File) == nil {
		return // an object has no lines to show
	}
	e := h.files.excerpt(r)
	fmt.Fprintf(h, "%5d | %s\n", e.line, e.text)
	h.below(e.column, "^"+strings.Repeat("~", e.width-1))
	for _, f := range fixes {
		at := h.files.excerpt(f.Range)
		switch {
		case at.line != e.line || at.text != e.text:
			fmt.Fprintf(h, "      = %s %s: %s\n", h.paint(cyan, "fix:"), strings.TrimSuffix(h.files.place(f.Range), ":"), h.paint(green, describe(f)))
		case f.Text == "":
			h.below(at.column, describe(f))
		default:
			h.below(at.column, printable(f.Text))
		}
	}
}

// describe says what a fix does where its text alone would not.
func describe(f Fix) string {
	if f.Text == "" {
		return "(remove this)"
	}
	return "write " + printable(f.Text)
}

func (h *human) below(column int, text string) {
	fmt.Fprintf(h, "      | %s%s\n", strings.Repeat(" ", column), h.paint(green, text))
}

func (h *human) paint(color, text string) string {
	if !h.color {
		return text
	}
	return color + text + reset
}
