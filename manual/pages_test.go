package manual

import (
	"fmt"
	"strings"
	"testing"

	"tasm/codegen/x86"
)

const made = "<!-- Made by 'go test ./manual -update' from the tables of the program; do not edit. -->\n\n"

// TestPages keeps the pages of docs that are made of the tables.
func TestPages(t *testing.T) {
	golden(t, "../../docs/instructions.md", instructionPage())
	golden(t, "../../docs/words.md", wordPage())
}

// instructionPage tells of the instructions that have an operation in full, and of
// all others in a line.
func instructionPage() string {
	var b, rest strings.Builder
	b.WriteString(made + "# Instructions\n\n`tasm explain NAME` tells the same with all forms, their encodings and an example that is run.\n" +
		"How operations are written is said at the head of\n[manual/instructions.txt](../manual/instructions.txt); a test carries them out beside the virtual machine.\n")
	seen := map[string]bool{}
	for _, name := range x86.Mnemonics() {
		block := blockOf(name)
		forms := x86.Forms(x86.LookupMnemonic(name))
		if block == nil || len(block.operations) == 0 {
			if !strings.HasPrefix(name, "hint_nop") {
				fmt.Fprintf(&rest, "| `%s` | %s |\n", name, escape(forms[0].Summary()))
			}
			continue
		}
		if key := block.about + strings.Join(block.operations[0].lines, "\n"); seen[key] {
			fmt.Fprintf(&rest, "| `%s` | %s |\n", name, escape(forms[0].Summary()))
			continue
		} else {
			seen[key] = true
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```\n", name, escape(block.about))
		for i, o := range block.operations {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(name+" "+strings.Join(o.operands, ", ")))
			for _, line := range o.lines {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
		b.WriteString("```\n")
		var flags []string
		for _, row := range flagRows(forms) {
			flags = append(flags, row[0]+" "+row[1])
		}
		if len(flags) > 0 {
			fmt.Fprintf(&b, "\nFlags: %s.\n", strings.Join(flags, "; "))
		}
	}
	b.WriteString("\n## All others\n\n| instruction | |\n|---|---|\n" + rest.String())
	return b.String()
}

// titles are the headings of the kinds in words.txt.
var titles = map[string]string{
	"directive": "Directives", "size or distance": "Sizes and distances", "operator": "Operators", "prefix": "Prefixes",
	"preprocessor word": "Preprocessor", "predefined macro": "Predefined macros", "flag": "Flags", "register": "Registers",
}

// wordPage lists the words of the language.
func wordPage() string {
	var b strings.Builder
	b.WriteString(made + "# Words\n\nAll words of the language besides instructions; `tasm explain WORD` tells each.\n")
	kind := ""
	for _, w := range words() {
		if w.kind != kind {
			kind = w.kind
			fmt.Fprintf(&b, "\n## %s\n\n| | written | |\n|---|---|---|\n", titles[kind])
		}
		cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", cell(strings.Join(w.names, "` `")), cell(w.usage), escape(w.about))
	}
	return b.String()
}
