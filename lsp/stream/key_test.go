package stream

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tasm/lsp"
)

// editor is the other end of a stream.
type editor struct {
	t    testing.TB
	in   *bufio.Reader
	out  io.WriteCloser
	next int
}

// open starts a server as cmd/tasm does, and opens a source.
func open(t testing.TB, body string) *editor {
	t.Helper()
	fromEditor, out := io.Pipe()
	in, toEditor := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- Serve(context.Background(), fromEditor, toEditor, func(s *lsp.Server) { s.Sizes = true })
		toEditor.Close()
	}()
	e := &editor{t: t, in: bufio.NewReader(in), out: out}
	t.Cleanup(func() {
		e.request("shutdown", nil)
		e.send("exit", nil)
		go io.Copy(io.Discard, e.in)
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	e.request("initialize", map[string]any{"capabilities": map[string]any{}})
	e.send("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": "file:///a.tasm", "version": 0, "text": body}})
	e.diagnostics(0)
	return e
}

// message is any message of the protocol.
type message struct {
	JSONRPC string `json:"jsonrpc"`
	ID      *int   `json:"id,omitempty"`
	Method  string `json:"method,omitempty"`
	Params  any    `json:"params,omitempty"`
}

func (e *editor) write(m message) {
	m.JSONRPC = "2.0"
	b, err := json.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(e.out, "Content-Length: %d\r\n\r\n%s", len(b), b)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// read returns the next message of the server.
func (e *editor) read() (answer struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}) {
	length := 0
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			e.t.Fatal(err)
		}
		if line == "\r\n" {
			break
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(e.in, b); err != nil {
		e.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		e.t.Fatal(err)
	}
	return answer
}

func (e *editor) send(method string, params any) { e.write(message{Method: method, Params: params}) }

// request waits for the answer.
func (e *editor) request(method string, params any) {
	e.next++
	id := e.next
	e.write(message{ID: &id, Method: method, Params: params})
	for {
		if m := e.read(); m.Method == "" && m.ID != nil && *m.ID == id {
			return
		}
	}
}

// diagnostics waits for those of a version of the source, and returns how many there are.
func (e *editor) diagnostics(version int) int {
	for {
		var p struct {
			Version     int               `json:"version"`
			Diagnostics []json.RawMessage `json:"diagnostics"`
		}
		if m := e.read(); m.Method == "textDocument/publishDiagnostics" && json.Unmarshal(m.Params, &p) == nil && p.Version == version {
			return len(p.Diagnostics)
		}
	}
}

// key types a text into a place and returns how long its diagnostics take.
func (e *editor) key(version, line, character, replaced int, text string) time.Duration {
	at := map[string]int{"line": line, "character": character}
	end := map[string]int{"line": line, "character": character + replaced}
	begin := time.Now()
	e.send("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": "file:///a.tasm", "version": version},
		"contentChanges": []any{map[string]any{"range": map[string]any{"start": at, "end": end}, "text": text}},
	})
	e.diagnostics(version)
	return time.Since(begin)
}

// sources are of 5,000 lines each, of several kinds.
func sources() map[string]string {
	const lines = 5000
	repeat := func(head, part, end string) string {
		var b strings.Builder
		b.WriteString(head)
		per := strings.Count(part, "\n")
		for i := range (lines - strings.Count(head+end, "\n")) / per {
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(part, "#", fmt.Sprint(i)), "@", fmt.Sprint(i/2)))
		}
		return b.String() + end
	}
	return map[string]string{
		"calls": repeat("target linux/386\nsection .text\n",
			"label#:\n        mov     eax, [data + 4]\n        cmp     eax, label@     ; a comment\n        jne     .next\n.next:  sys     write, 1, data, 9\n",
			"        sys     exit, 0\nsection .data\ndata: times 1000 db 0\n"),
		"nasm": repeat("bits 64\nglobal f0\nextern puts\nsection .text\n",
			"f#:\n        push    rbp\n        mov     rbp, rsp\n        lea     rdi, [rel text]\n        add     rax, [rdi + 8*rcx + 16] ; a comment\n.more:  dec     rcx\n        jnz     .more\n        call    f@\n        pop     rbp\n        ret\n",
			"section .data\ntext: db 'text', 10, 0\n"),
		"macros": repeat("%macro put 2-3 4\n        mov     eax, %3\n        mov     [%1], %2\n%endmacro\n%define size(x) ((x) + 8)\ntarget linux/amd64\nsection .text\n",
			"l#:     put     rbp, ebx\n        add     rsp, size(8)\n%if size(#) > 100\n        put     rbp - 8, ecx, 5\n%endif\n",
			"        sys     exit, 0\n"),
		"data": repeat("target linux/amd64\n        sys     exit, 0\nsection .data\n",
			"t#:     dd      1, 2, 3, 4, t@ - t0, 0x1234, 'abcd'\n        db      'some text', 10, 0\n", ""),
	}
}

// typed is what is typed at the beginning of a line in the middle, key by key.
const typed = "        add     eax, 10"

// cost is what a key has taken until its diagnostics were there.
type cost struct{ wall, processor time.Duration }

// processor is the time that this process has had processors for.
func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// keys types a line and takes it away again until n keys were pressed.
func keys(t testing.TB, body string, n int) []cost {
	e := open(t, body)
	var costs []cost
	key := func(column, replaced int, text string) {
		before := processor(t)
		wall := e.key(len(costs)+1, 2500, column, replaced, text)
		costs = append(costs, cost{wall, processor(t) - before})
	}
	for len(costs) < n {
		key(0, 0, "\n")
		for i := range typed {
			key(i, 0, typed[i:i+1])
		}
		key(0, len(typed), "")
	}
	return costs
}

// part returns the time within which so many percent of the keys are.
func part(costs []cost, percent int, of func(cost) time.Duration) time.Duration {
	var times []time.Duration
	for _, c := range costs {
		times = append(times, of(c))
	}
	slices.Sort(times)
	return times[(len(times)-1)*percent/100].Round(100 * time.Microsecond)
}

// TestKey bounds the time from a key to its diagnostics, in sources of 5,000 lines. On a
// machine that does other things too, the time of processors says more than a clock; it
// counts both that a key keeps busy, and the editor's side.
func TestKey(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for name, body := range sources() {
		costs := keys(t, body, 50)
		wall := func(c cost) time.Duration { return c.wall }
		used := func(c cost) time.Duration { return c.processor }
		t.Logf("%-7s wall: fastest %s, half of the keys within %s, 19 of 20 within %s; processors: %s, %s, %s", name,
			part(costs, 0, wall), part(costs, 50, wall), part(costs, 95, wall), part(costs, 0, used), part(costs, 50, used), part(costs, 95, used))
		if p := part(costs, 50, used); p > 150*time.Millisecond {
			t.Errorf("%s: half of the keys take more than %s of processor time", name, p)
		}
	}
}
