package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
	"tasm/parser"
)

// lineMarks says where the lines of preprocessed text come from, with %line where
// the next one stands somewhere else than is expected, as nasm does.
type lineMarks struct {
	file string
	next int // the line that is expected, -1 for none
	step int // from line to line
}

// mark is what is written in front of a line of a file; skip is set where an empty
// one is left out.
func (m *lineMarks) mark(file string, line int, empty bool) (text string, skip bool) {
	switch {
	case file != m.file:
		m.file, m.next, m.step = file, -1, 1
	case m.step == 1 && m.next+1 == line:
		text = "\n"
		m.next++
	case m.step == 1 && m.next-1 == line:
		m.step = 0
	case m.step == 0 && m.next+1 == line:
		m.step = 1
	}
	if m.next == -1 && empty {
		return text, true
	}
	if m.next != line {
		text += fmt.Sprintf("%%line %d+%d %s\n", line, m.step, lineFile(file))
	}
	m.next = line + m.step
	return text, false
}

// awkward matches the names of files that nasm puts in quotes behind %line.
var awkward = regexp.MustCompile("^$|^[ '\"`]|[ '\"`]$|[\x00-\x1f]|  ")

// lineFile is the name of a file as %line has it.
func lineFile(name string) string {
	switch {
	case name == "":
		return `""`
	case awkward.MatchString(name):
		return parser.Quote(name)
	}
	return name
}

// asNasm writes what ALIGN, ALIGNB and INCBIN come to in nasm's words. Files are
// looked for in dirs.
func asNasm(text string, dirs []string) string {
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
	if file, ok := strings.CutPrefix(text, "incbin "); ok && len(file) > 2 {
		if end := strings.IndexByte(file[1:], file[0]); end >= 0 && !strings.ContainsAny(file[1:1+end], "'\\") {
			text = "incbin '" + found(file[1:1+end], dirs) + "'" + file[2+end:]
		}
		if strings.HasSuffix(text, "'") {
			text += ",0"
		}
	}
	return text
}

// found is the name of a file with the directory that it is in, unless that is the
// current one.
func found(name string, dirs []string) string {
	for _, dir := range append([]string{""}, dirs...) {
		path := dir + name
		if dir != "" && !strings.HasSuffix(dir, "/") {
			path = dir + "/" + name
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return name
}

// writePreprocessed writes the source as it is behind the preprocessor, with
// %line where the next line stands somewhere else than behind the one before.
func (n *nasm) writePreprocessed(root diag.FileID, opts assembler.Options) error {
	var b strings.Builder
	messages := &diag.Bag{MaxErrors: opts.MaxErrors}
	var place lineMarks
	assembler.NewParser(n.files, opts).Preprocess(root, nowhere{}, messages, func(text string, at diag.Range, by *lang.Expansion) {
		for ; by != nil; by = by.Parent {
			if by.Hidden {
				at = by.Call
			}
		}
		if !at.IsZero() {
			file, line := n.files.Origin(at)
			mark, skip := place.mark(file, line, text == "")
			b.WriteString(mark)
			if skip {
				return
			}
		}
		b.WriteString(asNasm(text, n.include) + "\n")
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
