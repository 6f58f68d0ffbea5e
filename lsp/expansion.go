package lsp

import (
	"fmt"
	"strings"

	"tasm"
	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
)

// mostExpanded bounds the lines of an expansion that are shown.
const mostExpanded = 40

// expansion returns what the preprocessor makes of the line that a byte stands in, as
// Markdown; "" where it leaves the line as it is.
func (d *document) expansion(offset int, read func(string) ([]byte, error)) string {
	kind := kinds[d.kind]
	files := &diag.Files{}
	root := files.Add(d.file, []byte(d.text.body))
	opts := assembler.Options{ReadFile: read, Flat: kind.Format == tasm.FlatBinary, Object: kind.ObjectFormat}
	if d.result.Program != nil {
		opts.Target = d.result.Program.Target
	}
	at := d.lines[d.lineAt(offset)].Range
	within := func(r diag.Range) bool { return r.File == root && r.Start < at.End && at.Start < r.End }
	var lines []string
	more := 0
	assembler.NewParser(files, opts).Preprocess(root, values{d.analysis}, &diag.Bag{}, func(text string, from diag.Range, by *lang.Expansion) {
		text = strings.TrimPrefix(text, " ")
		here := by == nil && within(from)
		for ; by != nil; by = by.Parent {
			here = here || within(by.Call)
		}
		switch {
		case !here:
		case len(lines) == mostExpanded:
			more++
		default:
			lines = append(lines, text)
		}
	})
	if more > 0 {
		lines = append(lines, fmt.Sprintf("; and %d lines more", more))
	}
	text := strings.Join(lines, "\n")
	if len(lines) == 0 || text == strings.TrimSpace(d.slice(d.lines[d.lineAt(offset)].Tokens)) {
		return ""
	}
	return fmt.Sprintf("\nHere it becomes\n\n```nasm\n%s\n```\n", clip(text))
}

// values are the numbers that the symbols of a document have.
type values struct{ *analysis }

// Symbol implements lang.Env.
func (v values) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	if p := v.symbols[s.Name]; p != nil && p.Value.IsNumber() {
		return p.Value, nil
	}
	return lang.Value{Unknown: true}, nil
}

// Here implements lang.Env.
func (values) Here() lang.Value { return lang.Value{Unknown: true} }

// SectionStart implements lang.Env.
func (values) SectionStart() lang.Value { return lang.Value{Unknown: true} }
