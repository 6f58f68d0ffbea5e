package main

import (
	"fmt"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
)

// writePreprocessed writes the source as it is behind the preprocessor, with
// %line where the next line stands somewhere else than behind the one before.
func (n *nasm) writePreprocessed(root diag.FileID, opts assembler.Options) error {
	var b strings.Builder
	messages := &diag.Bag{}
	var file string
	next := -1 // the line that the next one should be
	assembler.NewParser(n.files, opts).Preprocess(root, nowhere{}, messages, func(text string, at diag.Range, _ *lang.Expansion) {
		if !at.IsZero() {
			p := n.files.Position(at)
			switch gap := p.Line - next; {
			case p.File != file || gap < 0 || gap > 8:
				fmt.Fprintf(&b, "%%line %d+1 %s\n", p.Line, p.File)
			default:
				b.WriteString(strings.Repeat("\n", gap))
			}
			file, next = p.File, p.Line
		}
		b.WriteString(text + "\n")
		next++
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
