package lsp

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tasm"
	"tasm/flow"
	"tasm/layout"
	"tasm/layout/equiv"
)

var every = flag.Int("every", 10, "compare one of so many edits")

// shorterAt asks what is shorter in a line.
func shorterAt(t *testing.T, s *Server, line int) []codeAction {
	t.Helper()
	p := position{Line: line}
	raw, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri}, "range": textRange{p, p}, "context": map[string]any{"only": []string{"refactor"}}})
	var list []codeAction
	if err := json.Unmarshal([]byte(call(t, s, "textDocument/codeAction", string(raw))), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// edited is a text after an action.
func edited(body string, a codeAction) string {
	text := newText(body)
	for _, e := range slices.Backward(a.Edit.Changes[uri]) {
		text = text.edit(e.Range, e.NewText)
	}
	return text.body
}

// TestShorterEdits looks at how edits are written.
func TestShorterEdits(t *testing.T) {
	for _, c := range []struct{ name, code, title, want string }{
		{"two lines for one, the words of the source, columns and comment",
			"again:  mov     eax, WRITE      ; write\n        int     0x80\n        jmp     again\nWRITE   equ     4\n",
			"2 bytes shorter: push WRITE; pop eax",
			"again:  push    WRITE\n        pop     eax      ; write\n        int     0x80\n        jmp     again\nWRITE   equ     4\n"},
		{"tabs",
			"again:\tmov\teax, 4\n\tint\t0x80\n\tjmp\tagain\n",
			"2 bytes shorter: push 4; pop eax",
			"again:\tpush\t4\n\tpop\teax\n\tint\t0x80\n\tjmp\tagain\n"},
		{"a line that goes, and one that keeps its comment",
			"again:\n mov al, [esi] ; take\n inc esi ; next\n mov ebx, eax\n mov eax, 6\n int 0x80\n jmp again\n",
			"2 bytes shorter: lodsb",
			"again:\n lodsb ; take\n  ; next\n mov ebx, eax\n mov eax, 6\n int 0x80\n jmp again\n"},
		{"a line that goes as a whole",
			"again: pop ecx\n test ecx, ecx\n mov ebp, 9\n jz again\n mov eax, 6\n int 0x80\n jmp again\n",
			"5 bytes shorter: without this",
			"again: pop ecx\n test ecx, ecx\n jz again\n mov eax, 6\n int 0x80\n jmp again\n"},
		{"a branch",
			"again: pop ecx\n.more: inc edx\n dec ecx\n jnz .more\n mov ebx, edx\n mov eax, 6\n int 0x80\n jmp again\n",
			"1 byte shorter: loop .more",
			"again: pop ecx\n.more: inc edx\n loop .more\n mov ebx, edx\n mov eax, 6\n int 0x80\n jmp again\n"},
		{"an address in data",
			"again:  mov     ecx, buffer.end\n        sub     ecx, 1\n        mov     eax, [ecx]\n        int     0x80\n        jmp     again\nsection .bss\nbuffer: resb 9\n.end:\n",
			"3 bytes shorter: mov ecx, buffer + 8",
			"again:  mov     ecx, buffer + 8\n        mov     eax, [ecx]\n        int     0x80\n        jmp     again\nsection .bss\nbuffer: resb 9\n.end:\n"},
		{"macros are left alone", "%macro set 2\n mov %1, %2\n%endmacro\nagain: set eax, 4\n int 0x80\n jmp again\n", "", ""},
		{"so are repetitions", "again: mov eax, 4\n times 2 add ebx, 1\n int 0x80\n jmp again\n", "", ""},
		{"and what has a label between", "again: pop ecx\n mov eax, [ecx]\nhere: inc eax\n mov ebx, here\n int 0x80\n jmp again\n", "", ""},
	} {
		const head = "target linux/386\nentry again\n"
		s, _ := open(t, head+c.code, nil)
		var titles []string
		found := false
		for line := range strings.Count(c.code, "\n") + 2 {
			for _, a := range shorterAt(t, s, line) {
				titles = append(titles, a.Title)
				if a.Title != c.title || found {
					continue
				}
				found = true
				if got := edited(head+c.code, a); got != head+c.want {
					t.Errorf("%s: %s gives\n%s\nwant\n%s", c.name, a.Title, got, head+c.want)
				}
			}
		}
		if found != (c.title != "") {
			t.Errorf("%s: %q, want %q", c.name, titles, c.title)
		}
	}
}

// TestShorterMeansTheSame makes every edit that is offered for the samples and compares
// the program with the one before: by symbolic execution, induction or runs.
func TestShorterMeansTheSame(t *testing.T) {
	samples, _ := filepath.Glob("../samples/*.tasm")
	programs, _ := filepath.Glob("../lessons/*/*.tasm")
	if len(samples) < 10 || len(programs) < 10 {
		t.Fatal(samples, programs)
	}
	edits, proofs := 0, 0
	for _, name := range append(samples, programs...) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw)
		s, _ := open(t, body, nil)
		d := s.documents[uri]
		seen := map[string]bool{}
		for line := range d.text.lines {
			for _, a := range shorterAt(t, s, line) {
				with := edited(body, a)
				if seen[with] {
					continue
				}
				seen[with] = true
				if edits++; edits%*every != 0 {
					continue
				}
				v := compare(t, name, body, with)
				if v.Outcome == equiv.Different {
					t.Errorf("%s:%d: %s: %s", name, line+1, a.Title, v.Reason)
				}
				if v.Proved {
					proofs++
				}
			}
		}
	}
	t.Logf("%d edits, one in %d compared, %d times by proof", edits, *every, proofs)
	if edits < 200 {
		t.Errorf("only %d edits are offered", edits)
	}
}

// compare compares the plain programs of two sources.
func compare(t *testing.T, name, before, after string) equiv.Verdict {
	t.Helper()
	build := func(text string) *tasm.Result {
		r, messages := tasm.Build(context.Background(), tasm.Source{Name: name, Text: []byte(text)}, tasm.Options{Instructions: true})
		if r.Bytes == nil {
			t.Fatal(name, messages.Messages()[0])
		}
		return r
	}
	x, y := build(before), build(after)
	if len(y.Bytes) > len(x.Bytes) {
		t.Errorf("%s: %d bytes became %d", name, len(x.Bytes), len(y.Bytes))
	}
	return equiv.Check(x.Bytes, y.Bytes, equiv.Options{Objects: layout.Objects(x.File, flow.Build(x.Program)), Runs: 30})
}
