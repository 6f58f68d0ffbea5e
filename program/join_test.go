package program_test

import (
	"strings"
	"testing"

	"tasm"
)

// TestJoin asks of joined sources what Build makes of their expressions: external
// symbols in sums, numbers among them, and in data that refers to its own place.
func TestJoin(t *testing.T) {
	for _, c := range []struct{ one, two, want string }{
		{"extern n\nglobal x\nmov eax, n+1\nx: dd 5", "global n\nn equ 6", "b807000000"},
		{"extern a\nx: dd a-x, 0x11223344", "global a\nnop\na: dd 1", "4433221190"},
		{"extern f\ncall f", "global f\nnop\nf: ret", "e8"},
		{"f: ret\nextern g\njmp g", "f: nop\nglobal g\ng: jmp f", "c3e9"},
		{"extern f\ncall f", "f: ret", "'f' is not defined"},
		{"global f\nf: ret", "global f\nf: ret", "defined in two"},
		{"common c 8\nmov [c], eax", "common c 64\nmov [c+60], eax", "a3"},
		{"common c 8\nmov eax, [c]", "global c\nc: dd 0x11223344", "44332211"},
		{"extern n\ndb n", "global n\nn equ 300", "0x12c"},
	} {
		r, messages := tasm.Build(t.Context(), tasm.Source{Name: "one", Text: []byte(c.one + "\n")}, tasm.Options{
			Others: []tasm.Source{{Name: "two", Text: []byte(c.two + "\n")}},
		})
		said := hex(r.Bytes)
		for _, m := range messages.Messages() {
			said += "\n" + m.Text
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%q and %q: %s; want %s", c.one, c.two, said, c.want)
		}
	}
}

func hex(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}
