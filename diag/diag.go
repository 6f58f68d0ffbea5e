// Package diag is how every other package speaks to people about their
// source: a message has a place, says what is wrong and what to write
// instead. Who finds a mistake builds a Message; the renderers in this package
// decide how it looks (with an excerpt and caret, on one line, or as JSON).
package diag

// FileID names a file registered in Files. The zero FileID is "no file".
type FileID int32

// Range is a half-open range of bytes in one source file. Lines and columns
// are computed only when a message is shown, so a Range stays small.
type Range struct {
	File       FileID
	Start, End int32
}

// IsZero reports whether r names no place at all.
func (r Range) IsZero() bool { return r.File == 0 }

// To returns the smallest range from the start of r to the end of end, which
// must be in the same file; otherwise r is returned unchanged.
func (r Range) To(end Range) Range {
	if r.IsZero() {
		return end
	}
	if r.File == end.File && end.End > r.Start {
		r.End = end.End
	}
	return r
}

// Severity tells how much a message matters.
type Severity uint8

const (
	Error   Severity = iota // the source has no meaning; nothing is written
	Warning                 // the source has a meaning, perhaps not the intended one
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Message is one thing to tell the author of a source file.
type Message struct {
	Severity Severity
	// Code names a class of warnings, so that it can be silenced or promoted
	// by name. Errors have none: they can't be waved through.
	Code  string
	Range Range
	Text  string // what is wrong: one clause, no trailing full stop
	Notes []Note
	// Fixes are replacements that would mend the source.
	Fixes []Fix
	// Yields are classes of warnings that say the same better: the message is not shown
	// where one of them is at its place, or anywhere if it has no place. A name also
	// stands for all that begin with it and a dash.
	Yields []string
	// Stop is set in the message behind all others that says that there are more errors.
	Stop bool

	asked *Warnings // what the source has said of warnings up to here; nil for nothing
}

// Note adds to a message: where the other definition stands, which forms
// would be legal, what to write instead. Its Range may be zero.
type Note struct {
	Range Range
	Text  string
}

// Fix replaces the text of Range by Text.
type Fix struct {
	Range Range
	Text  string
}

// Errorf starts an error message at r.
func Errorf(r Range, format string, args ...any) *Message {
	return &Message{Severity: Error, Range: r, Text: sprintf(format, args)}
}

// Warningf starts a warning of class code at r.
func Warningf(code string, r Range, format string, args ...any) *Message {
	return &Message{Severity: Warning, Code: code, Range: r, Text: sprintf(format, args)}
}

// Notef adds a note without a place of its own.
func (m *Message) Notef(format string, args ...any) *Message {
	return m.NoteAt(Range{}, format, args...)
}

// NoteAt adds a note about r. A nil Message stays one.
func (m *Message) NoteAt(r Range, format string, args ...any) *Message {
	if m == nil {
		return nil
	}
	m.Notes = append(m.Notes, Note{Range: r, Text: sprintf(format, args)})
	return m
}

// Suggest adds a replacement of r that would mend the source. A nil Message stays one.
func (m *Message) Suggest(r Range, text string) *Message {
	if m == nil {
		return nil
	}
	m.Fixes = append(m.Fixes, Fix{Range: r, Text: text})
	return m
}

// Error makes a Message usable as an error; the text has no place in it.
func (m *Message) Error() string { return m.Text }
