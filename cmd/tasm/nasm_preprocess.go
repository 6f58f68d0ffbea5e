package main

import (
	"fmt"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
)

// lineMarks says where the lines of preprocessed text come from, with %line where
// the next one stands somewhere else than is expected, as nasm does.
type lineMarks struct {
	file string
	line int
	step int // from line to line
}

// mark is what is written in front of a line of a file.
func (m *lineMarks) mark(file string, line int) string {
	expected := m.line + m.step
	same := m.file == file
	m.file, m.line = file, line
	switch gap := line - expected; {
	case same && gap == 0:
		return ""
	case same && gap == 1 && m.step == 1:
		return "\n"
	case same && gap == -1 && m.step == 1:
		m.step = 0
	default:
		m.step = 1
	}
	return fmt.Sprintf("%%line %d+%d %s\n", line, m.step, file)
}

// asNasm writes what ALIGN and ALIGNB come to in nasm's words.
func asNasm(text string) string {
	for _, name := range []string{"[align ", "[alignb "} {
		arguments, ok := strings.CutPrefix(text, name)
		if !ok {
			continue
		}
		boundary, fill, _ := strings.Cut(strings.TrimSuffix(arguments, "]"), ", ")
		room := fmt.Sprintf("(((%[1]s) - (($-$$) %% (%[1]s))) %% (%[1]s))", boundary)
		if fill == "" {
			return "[warning push]\n[warning -zeroing]\nresb " + room + "\n[warning pop]"
		}
		return "times " + room + " " + fill
	}
	return text
}

// writePreprocessed writes the source as it is behind the preprocessor, with
// %line where the next line stands somewhere else than behind the one before.
func (n *nasm) writePreprocessed(root diag.FileID, opts assembler.Options) error {
	var b strings.Builder
	messages := &diag.Bag{}
	var place lineMarks
	assembler.NewParser(n.files, opts).Preprocess(root, nowhere{}, messages, func(text string, at diag.Range, _ *lang.Expansion) {
		if !at.IsZero() {
			b.WriteString(place.mark(n.files.Origin(at)))
		}
		b.WriteString(asNasm(text) + "\n")
	})
	if n.report(messages) > 0 {
		return errReported
	}
	output := n.output
	if output == "" {
		output = "-"
	}
	return writeOutput(n.sys, output, []byte(b.String()), false)
}
