package lsp

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestMacroSignatures asks at « what the parameters of a macro are.
func TestMacroSignatures(t *testing.T) {
	const head = `target linux/386
; Writes a text.
; put ADDRESS, LENGTH, FILE
%macro put 2-3 1
	sys write, %3, %1, %2
%endmacro
%macro shout 1+ ; text
%endmacro
%macro list 1-*
%endmacro
%macro three 1-3+.nolist {a, b}, [ebp + 4]
%endmacro
%imacro none 0
%endmacro
%define sum(a, b) ((a) + (b)) ; adds
%macro Open 1-3 2, 3 ; flags,,
%endmacro
`
	for _, c := range []struct{ line, label, active, about string }{
		{"put «", "put ADDRESS, LENGTH, FILE = 1", "ADDRESS", "Writes a text."},
		{"put text, «", "put ADDRESS, LENGTH, FILE = 1", "LENGTH", "Writes a text."},
		{"x: put {text, y}, 2, «", "put ADDRESS, LENGTH, FILE = 1", "FILE = 1", "Writes a text."},
		{"shout 'a', 'b'«", "shout text...", "text...", "text"},
		{"list 1, 2, 3, «", "list %1...", "%1...", ""},
		{"three 1, «", "three %1, %2 = {a, b}, %3 = [ebp + 4]...", "%2 = {a, b}", ""},
		{"three 1, 2, 3, 4, 5 «", "three %1, %2 = {a, b}, %3 = [ebp + 4]...", "%3 = [ebp + 4]...", ""},
		{"NONE «", "none (no parameters)", "", ""},
		{"mov eax, sum(«", "sum(a, b)", "a", "adds"},
		{"mov eax, sum((1, 2), «", "sum(a, b)", "b", "adds"},
		{"put sum(1, 2), «", "put ADDRESS, LENGTH, FILE = 1", "LENGTH", "Writes a text."},
		{"sys write, 1, sum(1, «", "sum(a, b)", "b", "adds"},
		{"Open «", "Open %1, %2 = 2, %3 = 3", "%1", "flags,,"},
	} {
		before, after, _ := strings.Cut(c.line, "«")
		s, _ := open(t, head+before+after+"\n", nil)
		b, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri}, "position": position{strings.Count(head, "\n"), len(before)}})
		var got signatureHelp
		if err := json.Unmarshal([]byte(call(t, s, "textDocument/signatureHelp", string(b))), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Signatures) != 1 || got.Signatures[0].Label != c.label || !strings.HasPrefix(got.Signatures[0].Documentation, c.about) {
			t.Errorf("%s: %+v, want %s", c.line, got, c.label)
			continue
		}
		active := ""
		if p := got.Signatures[0].Parameters; got.ActiveParameter < len(p) {
			active = p[got.ActiveParameter].Label
		}
		if active != c.active {
			t.Errorf("%s: active is %s, want %s", c.line, active, c.active)
		}
	}
}
