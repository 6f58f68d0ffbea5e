package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/layout"
	"tasm/lessons"
)

// page is a page's side of an engine.
type page struct {
	*Engine
	t      testing.TB
	events []string
}

func open(t testing.TB) *page {
	p := &page{t: t}
	p.Engine = New(func(b []byte) { p.events = append(p.events, string(b)) })
	return p
}

// call asks and returns the answer's result.
func call[R any](p *page, method string, params any) R {
	p.t.Helper()
	raw, _ := json.Marshal(params)
	b, _ := json.Marshal(request{ID: 7, Method: method, Params: raw})
	var answer struct {
		ID     int
		Error  string
		Result R
	}
	if err := json.Unmarshal(p.Handle(b), &answer); err != nil || answer.Error != "" || answer.ID != 7 {
		p.t.Fatalf("%s: %v %s", method, err, answer.Error)
	}
	return answer.Result
}

const hello = "target linux/386\nmov eax, 4\nmov ebx, 1\nmov ecx, msg\nmov edx, 3\nint 0x80\nmov eax, 1\nmov ebx, 0\nint 0x80\nsection .data\nmsg: db \"ok\", 10\n"

// TestRun steps through a program in both directions.
func TestRun(t *testing.T) {
	for _, layout := range []string{"plain", "pack", "golf"} {
		p := open(t)
		text, want := hello, "ok\n"
		if layout == "golf" {
			text, want = "target linux/386\nmov eax, 1\nmov ebx, 0\nint 0x80\n", "" // is found at once
		}
		built := call[product](p, "build", buildParams{text, layout, 0})
		if built.Errors > 0 || built.Size == 0 || built.Size > 200 || len(built.Listing) == 0 {
			t.Fatal(built.Size, built.Messages)
		}
		if golfed := strings.Contains(strings.Join(p.events, ""), `"progress"`); golfed != (layout == "golf") {
			t.Errorf("%s: %s", layout, p.events)
		}
		first := call[state](p, "start", startParams{})
		if first.Steps != 0 || first.Ended || first.Output != "" {
			t.Errorf("%+v", first)
		}
		end := call[state](p, "step", stepParams{Count: 1000})
		if !end.Ended || end.Output != want || !strings.Contains(end.Why, "status 0") {
			t.Errorf("%+v", end)
		}
		if back := call[state](p, "step", stepParams{Count: -1000}); back.Steps != 0 || back.Ended || back.Address != first.Address {
			t.Errorf("%+v", back)
		}
	}
}

// TestImage compares the program of an image with what the command puts there: header
// bytes on which nothing depends have other values.
func TestImage(t *testing.T) {
	p := open(t)
	built := call[product](p, "build", buildParams{"target linux/386\n_start:\nmov eax, 1\nmov ebx, 42\nint 0x80\n", "pack", 0})
	if built.Image == nil {
		t.Fatal(built.Messages)
	}
	want := p.built.ForImage(p.built.File, layout.Options{})
	if got, err := base64.StdEncoding.DecodeString(built.Image.Bytes); err != nil || !bytes.Equal(got, want) || built.Image.Bytes == built.Bytes {
		t.Errorf("%x (%v), want %x", got, err, want)
	}
}

// TestChanges looks at what a step marks.
func TestChanges(t *testing.T) {
	p := open(t)
	call[product](p, "build", buildParams{hello, "plain", 0})
	call[state](p, "start", startParams{})
	s := call[state](p, "step", stepParams{Count: 1})
	changed := ""
	for _, c := range s.Registers {
		if c.Changed {
			changed += c.Name + "=" + c.Value
		}
	}
	if changed != "eax=0x4" || s.Line != 3 || s.Instruction != "mov ebx, 1" {
		t.Errorf("%s, line %d, %s", changed, s.Line, s.Instruction)
	}
}

// TestEarly ends a search that takes longer than a second.
func TestEarly(t *testing.T) {
	text, err := os.ReadFile("../../samples/primes.tasm")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t)
	begin := time.Now()
	built := call[product](p, "build", buildParams{string(text), "golf", 1})
	if built.Whole || built.Size == 0 || time.Since(begin) > 2*time.Minute {
		t.Errorf("whole: %v, %d bytes, after %s", built.Whole, built.Size, time.Since(begin))
	}
}

// TestInterrupt ends a search by a message that comes in while it goes on.
func TestInterrupt(t *testing.T) {
	text, err := os.ReadFile("../../samples/primes.tasm")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t)
	yields := 0
	p.Yield = func() {
		if yields++; yields == 2 {
			p.Interrupt()
		}
	}
	built := call[product](p, "build", buildParams{string(text), "golf", 0})
	if yields < 2 || built.Whole || built.Size == 0 {
		t.Errorf("%d yields, whole: %v, %d bytes", yields, built.Whole, built.Size)
	}
}

// TestBreakpoints runs from one to the next, and back.
func TestBreakpoints(t *testing.T) {
	p := open(t)
	call[product](p, "build", buildParams{hello, "plain", 0})
	call[state](p, "start", startParams{})
	for _, c := range []struct {
		back     bool
		line     int
		breaking bool
		ended    bool
	}{{false, 4, true, false}, {false, 7, true, false}, {false, 0, false, true}, {true, 7, true, false}, {true, 4, true, false}, {true, 2, false, false}} {
		s := call[state](p, "run", runParams{Lines: []int{4, 7, 99}, Back: c.back})
		if s.Breaking != c.breaking || s.Ended != c.ended || !s.Ended && s.Line != c.line {
			t.Errorf("%+v: line %d, breaking %v, ended %v", c, s.Line, s.Breaking, s.Ended)
		}
	}
	if answer := string(open(t).Handle([]byte(`{"method":"run"}`))); !strings.Contains(answer, "error") {
		t.Error(answer)
	}
}

// TestLongRun hears of a run that goes on for long, and lets it go on.
func TestLongRun(t *testing.T) {
	p := open(t)
	call[product](p, "build", buildParams{"target linux/386\n_start: mov ecx, 900000\nl: loop l\nsys exit, 3\n", "plain", 0})
	call[state](p, "start", startParams{})
	parts := 0
	s := call[state](p, "run", runParams{})
	for ; s.More; s = call[state](p, "run", runParams{}) {
		parts++
	}
	if !s.Ended || s.Steps != 900003 {
		t.Errorf("after %d parts: %+v", parts, s)
	}
	call[product](p, "build", buildParams{"target linux/386\n_start: inc eax\njmp _start\n", "plain", 0})
	call[state](p, "start", startParams{})
	begin := time.Now()
	if s := call[state](p, "run", runParams{}); s.Ended || !s.More || time.Since(begin) > 20*slice {
		t.Errorf("after %s: %+v", time.Since(begin), s)
	}
}

// TestFlat builds a boot sector, which nothing here can run.
func TestFlat(t *testing.T) {
	text, err := os.ReadFile("../../samples/boot.tasm")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t)
	if built := call[product](p, "build", buildParams{string(text), "plain", 0}); built.Size != 512 || built.Target != "" || built.Errors > 0 {
		t.Errorf("%+v", built)
	}
	if answer := string(p.Handle([]byte(`{"method":"start"}`))); !strings.Contains(answer, "flat binary") {
		t.Error(answer)
	}
}

// TestLessons checks the beginning of an exercise, which is no solution yet.
func TestLessons(t *testing.T) {
	p := open(t)
	if list := call[[]any](p, "lessons", nil); len(list) != len(lessons.All()) {
		t.Errorf("%d lessons", len(list))
	}
	x := call[lessons.Lesson](p, "lessons", map[string]int{"number": 1}).Exercises[0]
	results := call[[]checked](p, "check", checkParams{x.Name, x.Start.Text})
	if len(results) == 0 || results[0].Passed {
		t.Errorf("%+v", results)
	}
}

// TestPrefixes builds and starts prefixes of all samples, and what is no message.
func TestPrefixes(t *testing.T) {
	names, _ := filepath.Glob("../../samples/*.tasm")
	if len(names) < 10 {
		t.Fatal(names)
	}
	texts := []string{hello}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for i, text := range texts {
		p := open(t)
		for n := i % 50; n <= len(text); n += 53 {
			call[product](p, "build", buildParams{text[:n], "plain", 0})
			p.Handle([]byte(`{"method":"start","params":{"input":"a b"}}`))
			p.Handle([]byte(`{"method":"step","params":{"count":100}}`))
			p.Handle([]byte(`{"method":"step","params":{"count":-3}}`))
		}
	}
	p := open(t)
	for _, m := range []string{"", "{", "[]", `{"method":"build","params":3}`, `{"method":"nothing"}`, `{"method":"step"}`, `{"method":"check","params":{"exercise":"x"}}`} {
		if answer := string(p.Handle([]byte(m))); !strings.Contains(answer, `"error"`) {
			t.Errorf("%q: %s", m, answer)
		}
	}
}
