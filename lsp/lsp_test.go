package lsp

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// editor keeps what a server tells.
type editor struct {
	mu        sync.Mutex
	told      []string
	refreshed chan struct{}
}

func (e *editor) Notify(method string, params any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, _ := json.Marshal(params)
	e.told = append(e.told, method+" "+string(b))
}

func (e *editor) Request(method string, params any) {
	e.Notify(method, params)
	if method == "workspace/codeLens/refresh" {
		select {
		case e.refreshed <- struct{}{}:
		default:
		}
	}
}

const uri = "file:///dir/a.tasm"

// open starts a server with a document. Files beside it have names such as "/dir/b.inc".
func open(t testing.TB, body string, files map[string]string) (*Server, *editor) {
	t.Helper()
	e := &editor{refreshed: make(chan struct{}, 100)}
	s := NewServer(e)
	s.ReadFile = func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	call(t, s, "initialize", `{"capabilities":{"workspace":{"codeLens":{"refreshSupport":true}}}}`)
	text, _ := json.Marshal(body)
	call(t, s, "textDocument/didOpen", `{"textDocument":{"uri":"`+uri+`","version":1,"text":`+string(text)+`}}`)
	return s, e
}

// call sends a message and returns the answer as JSON.
func call(t testing.TB, s *Server, method, params string) string {
	t.Helper()
	result, err := s.Handle(method, json.RawMessage(params))
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGolden plays testdata/NAME.in. Its first part is the document, in which a
// mark like «1» names the place in front of it; files follow behind "-- NAME --".
// The part "-- requests --" has a request in each line: a method, and for a place
// the number of a mark, and further parameters. NAME.out has the answers.
func TestGolden(t *testing.T) {
	inputs, _ := filepath.Glob("testdata/*.in")
	if len(inputs) == 0 {
		t.Fatal("no inputs")
	}
	for _, in := range inputs {
		t.Run(filepath.Base(in), func(t *testing.T) { play(t, in) })
	}
}

func play(t *testing.T, in string) {
	raw, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("-- document --\n"+string(raw), "-- ")
	files := map[string]string{}
	for _, p := range parts[1:] {
		name, body, _ := strings.Cut(p, " --\n")
		files[name] = body
	}
	body, marks := files["document"], map[string]int{}
	for {
		i := strings.Index(body, "«")
		if i < 0 {
			break
		}
		j := strings.Index(body, "»")
		marks[body[i+len("«"):j]] = i
		body = body[:i] + body[j+len("»"):]
	}
	s, e := open(t, body, files)
	var out strings.Builder
	for _, told := range e.told {
		fmt.Fprintf(&out, "%s\n", told)
	}
	text := newText(body)
	for line := range strings.SplitSeq(strings.TrimSpace(files["requests"]), "\n") {
		words := strings.SplitN(line, " ", 3)
		params := map[string]any{"textDocument": documentID{URI: uri}}
		if len(words) > 1 && words[1] != "-" {
			at, ok := marks[words[1]]
			if !ok {
				t.Fatalf("no mark %s", words[1])
			}
			p := text.position(at)
			params["position"], params["range"] = p, textRange{p, p}
		}
		if len(words) > 2 {
			if err := json.Unmarshal([]byte(words[2]), &params); err != nil {
				t.Fatal(line, err)
			}
		}
		b, _ := json.Marshal(params)
		answer := call(t, s, words[0], string(b))
		if words[0] == "textDocument/hover" && len(answer) > 100 {
			answer = answer[:100] + "..." // the manual has tests of its own
		}
		fmt.Fprintf(&out, "\n> %s\n%s\n", line, strings.ReplaceAll(answer, "},{", "},\n{"))
	}
	golden := strings.TrimSuffix(in, ".in") + ".out"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("%s says\n%s\nwant\n%s", in, out.String(), want)
	}
}

// TestSizes waits for the sizes of all layouts, then changes the document while
// they are computed.
func TestSizes(t *testing.T) {
	s, e := open(t, "", nil)
	s.Sizes, s.Idle = true, 0
	set := func(body string) {
		text, _ := json.Marshal(body)
		call(t, s, "textDocument/didChange", `{"textDocument":{"uri":"`+uri+`","version":2},"contentChanges":[{"text":`+string(text)+`}]}`)
	}
	lens := `{"textDocument":{"uri":"` + uri + `"}}`
	set("target linux/386\n mov eax, 1\n mov ebx, 0\n int 0x80\n")
	for deadline := time.After(3 * time.Minute); ; {
		if got := call(t, s, "textDocument/codeLens", lens); strings.Contains(got, `"plain 96 B · pack 53 B · golf 45 B"`) {
			break
		} else if strings.Contains(got, "golf") && !strings.Contains(got, "searching") {
			t.Fatal(got)
		}
		select {
		case <-e.refreshed:
		case <-deadline:
			t.Fatal(call(t, s, "textDocument/codeLens", lens))
		}
	}
	s.Idle = time.Hour
	set("target linux/386\n mov eax, 2\n")
	if got := call(t, s, "textDocument/codeLens", lens); got != "[]" {
		t.Errorf("after a change: %s", got)
	}
	call(t, s, "shutdown", "null")
}

// TestKinds makes an executable of a large source an object: its messages are there at
// once, and without those about the wrong kind when nobody types any more.
func TestKinds(t *testing.T) {
	told := func(e *editor) string {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.told[len(e.told)-1]
	}
	s, e := open(t, "global _start\n_start:\n"+strings.Repeat("        mov     eax, 1\n", 3000)+"        mov     ebx, 0\n        int     0x80\n", nil)
	if !strings.Contains(told(e), `"diagnostics":[]`) {
		t.Fatal(told(e))
	}
	s.mu.Lock()
	s.Idle = 0
	s.mu.Unlock()
	call(t, s, "textDocument/didChange", `{"textDocument":{"uri":"`+uri+`","version":2},"contentChanges":[{"range":{"start":{"line":2,"character":0},"end":{"line":2,"character":0}},"text":" extern puts\n call puts\n"}]}`)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(told(e), `"version":2,"diagnostics":[]`); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(e.told)
		}
	}
	if len(e.told) != 3 || !strings.Contains(e.told[1], "puts") {
		t.Error(e.told)
	}
}

// TestWatched has a client that watches files change one that a document includes.
func TestWatched(t *testing.T) {
	files := map[string]string{}
	s, e := open(t, "", files)
	told := func(want ...string) {
		t.Helper()
		if len(e.told) != len(want) {
			t.Fatalf("%q, want %q", e.told, want)
		}
		for i := range want {
			if !strings.Contains(e.told[i], want[i]) {
				t.Errorf("%s, want %s", e.told[i], want[i])
			}
		}
		e.told = nil
	}
	call(t, s, "initialize", `{"capabilities":{"workspace":{"didChangeWatchedFiles":{"dynamicRegistration":true}}}}`)
	call(t, s, "initialized", `{}`)
	told("the program is empty")
	set := func(body string) {
		text, _ := json.Marshal(body)
		call(t, s, "textDocument/didChange", `{"textDocument":{"uri":"`+uri+`","version":2},"contentChanges":[{"text":`+string(text)+`}]}`)
	}
	set("target linux/386\n%include \"sub/b.inc\"\n mov eax, one\n")
	told("sub/b.inc", `registrations":[{"id":"included-1","method":"workspace/didChangeWatchedFiles","registerOptions":{"watchers":[{"globPattern":"**/b.inc"}]}}]`)
	files["/dir/sub/b.inc"] = "one equ 1\n"
	call(t, s, "workspace/didChangeWatchedFiles", `{"changes":[{"uri":"file:///dir/sub/b.inc","type":1},{"uri":"file:///dir/c.inc","type":2}]}`)
	told("there is no symbol '_start'")
	files["/dir/sub/b.inc"] = "two equ 1\n"
	call(t, s, "workspace/didChangeWatchedFiles", `{"changes":[{"uri":"file:///dir/c.inc","type":2}]}`)
	told()
	call(t, s, "workspace/didChangeWatchedFiles", `{"changes":[{"uri":"file:///dir/sub/b.inc","type":2}]}`)
	told("'one' is not defined")
	set("target linux/386\n incbin 'c.bin'\n")
	told("c.bin", `"unregisterations":[{"id":"included-1"`, `"globPattern":"**/c.bin"`)
	call(t, s, "textDocument/didClose", `{"textDocument":{"uri":"`+uri+`"}}`)
	told(`"diagnostics":[]`, `"unregisterations":[{"id":"included-2"`)
}

// TestExpansion asks what macros become where they are called.
func TestExpansion(t *testing.T) {
	const body = `target linux/386
%define double(x) (x+x)
%assign n 3
%include "p.inc"
%macro outer 2
	inner %1
%%here:	mov ebx, %2
%endmacro
start:
	outer eax, double(n)
	mov ecx, double(4)
%rep 2
	put n
%endrep
	sys exit, 0
`
	s, _ := open(t, body, map[string]string{"/dir/p.inc": "%macro inner 1\n\tpush %1\n\tpop %1\n%endmacro\n%imacro put 1\n%if %1 > 2\n\tmov dl, %1\n%endif\n%endmacro\n"})
	for _, c := range []struct{ at, want string }{
		{"outer eax", "Here it becomes\n\n```nasm\npush eax\npop eax\n..@0.here: mov ebx, (3+3)\n```\n"},
		{"double(n)", "(macro)\n\n```nasm\n%define double(x) (x+x)\n```\n\nHere it becomes\n\n```nasm\npush eax"},
		{"double(4)", "Here it becomes\n\n```nasm\nmov ecx, (4+4)\n```\n"},
		{"put n", "Here it becomes\n\n```nasm\nmov dl, 3\nmov dl, 3\n```\n"},
		{"outer 2", "(macro, parameters: 2)\n\n```nasm\n%macro outer 2\n\tinner %1\n%%here:\tmov ebx, %2\n%endmacro\n```\n"},
	} {
		p := newText(body).position(strings.Index(body, c.at))
		raw, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri}, "position": p})
		var got hover
		if err := json.Unmarshal([]byte(call(t, s, "textDocument/hover", string(raw))), &got); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Contents.Value, c.want) || strings.HasPrefix(c.at, "outer 2") != !strings.Contains(got.Contents.Value, "becomes") {
			t.Errorf("%s:\n%s\nwant\n%s", c.at, got.Contents.Value, c.want)
		}
	}
}

// TestIncremental applies edits to the middle of lines with characters of one, two
// and four bytes and holds the text against that of all at once.
func TestIncremental(t *testing.T) {
	s, _ := open(t, "a: db 'é𝄞x' ; y\r\nb: nop\n", nil)
	edit := func(l1, c1, l2, c2 int, text string) {
		b, _ := json.Marshal(text)
		call(t, s, "textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":%q,"version":2},"contentChanges":[{"range":{"start":{"line":%d,"character":%d},"end":{"line":%d,"character":%d}},"text":%s}]}`, uri, l1, c1, l2, c2, b))
	}
	edit(0, 7, 0, 10, "ü") // é and both halves of 𝄞
	edit(0, 99, 1, 0, "\n")
	edit(1, 0, 1, 1, "c")
	edit(9, 0, 9, 0, "end:")
	if got, want := s.documents[uri].text.body, "a: db 'üx' ; y\nc: nop\nend:"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// requests are all that can be asked about a document.
var requests = func() []string {
	var names []string
	for name := range handlers {
		if strings.HasPrefix(name, "textDocument/") && !strings.HasPrefix(name, "textDocument/did") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}()

var stride = flag.Int("stride", 29, "of how many keys one is asked everything about")

// TestPrefixes types every sample key by key, so that each prefix is analysed, and asks
// everything at the end of some of them; with -stride 1 of all. Sources with mistakes
// are opened whole.
func TestPrefixes(t *testing.T) {
	samples, _ := filepath.Glob("../samples/*.tasm")
	wrong, _ := filepath.Glob("../parser/testdata/*/*.asm")
	if len(samples) < 10 || len(wrong) < 10 {
		t.Fatal(samples, wrong)
	}
	for i, name := range slices.Concat(samples, wrong) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw[:min(len(raw), 4000)])
		if i < len(samples) {
			typeAll(t, body, i)
		} else {
			s, _ := open(t, body, nil)
			ask(s, newText(body).position(len(body)))
		}
	}
}

// typeAll types a text, and asks everything once in stride keys.
func typeAll(t *testing.T, body string, first int) {
	s, _ := open(t, "", nil)
	var at position
	for n, r := range body {
		key, _ := json.Marshal(map[string]any{
			"textDocument":   documentID{URI: uri, Version: n},
			"contentChanges": []any{map[string]any{"range": textRange{at, at}, "text": string(r)}},
		})
		if _, err := s.Handle("textDocument/didChange", key); err != nil {
			t.Fatal(err)
		}
		at.Character += utf16Units(r)
		if r == '\n' {
			at = position{Line: at.Line + 1}
		}
		if (n+first)%*stride == 0 {
			ask(s, at)
		}
	}
	if got := s.documents[uri].text.body; got != body {
		t.Errorf("typing gives\n%s\nwant\n%s", got, body)
	}
}

// ask asks everything at a place.
func ask(s *Server, at position) {
	p, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri}, "position": at, "range": textRange{at, at}, "newName": "fresh"})
	for _, r := range requests {
		s.Handle(r, p)
	}
}

// FuzzServer opens any text and asks everything at any place, then edits it there.
func FuzzServer(f *testing.F) {
	f.Add("target linux/386\na: mov eax, [b]\n sys write, 1, b, 2\nb: db 'x'\n", 1, 12, "x")
	f.Add("%macro m 2\n%%a: %1 %2\n%endmacro\nm mov, x\n%define d(x) x\n", 3, 2, "\n;")
	f.Add("struc s\n.a: resb 1\nendstruc\n $x equ 1\n", 9, 9, "\\\n")
	f.Fuzz(func(t *testing.T, body string, line, character int, text string) {
		if len(body) > 2000 || strings.Contains(body, "%") && len(body) > 300 {
			return
		}
		s, _ := open(t, body, nil)
		at := position{line, character}
		p, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri}, "position": at, "newName": "fresh"})
		for range 2 {
			for _, r := range requests {
				call(t, s, r, string(p))
			}
			b, _ := json.Marshal(map[string]any{"textDocument": documentID{URI: uri, Version: 2}, "contentChanges": []any{map[string]any{"range": textRange{at, at}, "text": text}}})
			call(t, s, "textDocument/didChange", string(b))
		}
	})
}

// large is a source of n lines.
func large(n int) string {
	var b strings.Builder
	b.WriteString("target linux/386\nsection .text\n")
	for i := range n/5 - 1 {
		fmt.Fprintf(&b, "label%d:\n        mov     eax, [data + %d]\n        cmp     eax, label%d    ; a comment\n        jne     .next\n.next:  sys     write, 1, data, %d\n", i, i%100, i/2, i%100)
	}
	b.WriteString("        sys     exit, 0\nsection .data\ndata: times 1000 db 0\n")
	return b.String()
}

// BenchmarkKey measures a change of one character in a source of 5,000 lines until
// its messages are out.
func BenchmarkKey(b *testing.B) {
	b.Run("right", func(b *testing.B) { benchmarkKey(b, large(5000)) })
	b.Run("wrong", func(b *testing.B) { benchmarkKey(b, large(5000)+"        mvo     eax, 1\n") })
}

func benchmarkKey(b *testing.B, body string) {
	s, _ := open(b, body, nil)
	for b.Loop() {
		call(b, s, "textDocument/didChange", `{"textDocument":{"uri":"`+uri+`","version":2},"contentChanges":[{"range":{"start":{"line":2500,"character":0},"end":{"line":2500,"character":0}},"text":" "}]}`)
	}
}
