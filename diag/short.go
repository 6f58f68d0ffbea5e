package diag

import (
	"bufio"
	"fmt"
	"io"
)

// Short writes each message on one line, as compilers do and editors read:
//
//	hello.tasm:3:9: error: there is no instruction 'mvo'
//
// Notes and fixes follow on lines of their own.
func Short(w io.Writer, files *Files, messages []*Message) error {
	out := bufio.NewWriter(w)
	line := func(r Range, kind, text string) {
		fmt.Fprintf(out, "%s %s: %s\n", files.place(r), kind, printable(text))
	}
	for _, m := range messages {
		line(m.Range, m.Severity.String(), m.Text+class(m))
		for _, f := range m.Fixes {
			line(f.Range, "note", describe(f))
		}
		notes, _ := firstNotes(m)
		for _, n := range notes {
			r := n.Range
			if r.IsZero() {
				r = m.Range
			}
			line(r, "note", n.Text)
		}
	}
	return out.Flush()
}
