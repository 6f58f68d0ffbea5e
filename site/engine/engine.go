// Package engine is what the playground computes, as a page asks for it: messages of
// JSON in, messages of JSON out. It knows nothing of browsers, so that it is tested
// as any other package; site/wasm hands it the messages of a worker.
package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tasm"
	"tasm/assembler"
	"tasm/diag"
	"tasm/flow"
	"tasm/lang"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/lessons"
	"tasm/lint"
	"tasm/linux"
	"tasm/listing"
	"tasm/lsp"
	"tasm/origin"
	"tasm/spec"
	"tasm/symbols"
)

// Name is what the only source of the playground is called.
const Name = "main.tasm"

// Engine answers one page.
type Engine struct {
	// Yield lets the page's messages come in during a search; nil where they do anyway.
	Yield func()

	post   func([]byte)
	ended  atomic.Bool // searches are to end
	server *lsp.Server
	built  *tasm.Result
	run    *run
}

// New returns an engine that tells of events with post.
func New(post func([]byte)) *Engine {
	e := &Engine{post: post}
	e.server = lsp.NewServer(e)
	return e
}

// Interrupt ends the search that goes on, and those to come, with the best file found.
// It may be called while a message is handled.
func (e *Engine) Interrupt() { e.ended.Store(true) }

// event tells the page of something that it did not ask for.
func (e *Engine) event(name string, params any) {
	b, err := json.Marshal(map[string]any{"event": name, "params": params})
	if err == nil {
		e.post(b)
	}
}

// Notify implements lsp.Client.
func (e *Engine) Notify(method string, params any) { e.event(method, params) }

// Request implements lsp.Client.
func (e *Engine) Request(method string, params any) { e.event(method, params) }

// request is a message of the page.
type request struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// methods are what a page can ask for; all else goes to the language server.
var methods = map[string]func(*Engine, json.RawMessage) (any, error){
	"build":   with((*Engine).build),
	"start":   with((*Engine).start),
	"step":    with((*Engine).step),
	"run":     with((*Engine).runOn),
	"lessons": with((*Engine).lessons),
	"check":   with((*Engine).check),
}

func with[P any](f func(*Engine, *P) (any, error)) func(*Engine, json.RawMessage) (any, error) {
	return func(e *Engine, raw json.RawMessage) (any, error) {
		p := new(P)
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, p); err != nil {
				return nil, err
			}
		}
		return f(e, p)
	}
}

// Handle answers a message.
func (e *Engine) Handle(message []byte) []byte {
	var r request
	err := json.Unmarshal(message, &r)
	var result any
	if err == nil {
		if method := methods[r.Method]; method != nil {
			result, err = method(e, r.Params)
		} else {
			result, err = e.server.Handle(r.Method, r.Params)
		}
	}
	answer := map[string]any{"id": r.ID}
	if err != nil {
		answer["error"] = err.Error()
	} else {
		answer["result"] = result
	}
	b, err := json.Marshal(answer)
	if err != nil {
		b, _ = json.Marshal(map[string]any{"id": r.ID, "error": err.Error()})
	}
	return b
}

type buildParams struct {
	Text   string `json:"text"`
	Layout string `json:"layout"`
	// Seconds is how long a search may take; 0 is as long as it needs.
	Seconds int `json:"seconds"`
}

// product is what has become of a source.
type product struct {
	Errors   int             `json:"errors"`
	Messages string          `json:"messages,omitempty"` // as tasm build prints them
	Size     int             `json:"size"`
	Bytes    string          `json:"bytes,omitempty"` // base64
	Layout   string          `json:"layout"`
	Target   string          `json:"target,omitempty"` // empty for a flat binary
	Listing  json.RawMessage `json:"listing,omitempty"`
	// Image is what package site/container needs to know besides the bytes.
	Image *image `json:"image,omitempty"`
	// Whole is set where a search was not ended early, and so has found what it can.
	Whole bool `json:"whole"`
}

// mostListed is the largest file whose bytes are shown, in bytes.
const mostListed = 8 << 10

// build makes a file: an executable, or a flat binary of a source for which that is
// the only way.
func (e *Engine) build(p *buildParams) (any, error) {
	src := tasm.Source{Name: Name, Text: []byte(p.Text), ReadFile: noFiles}
	opts := tasm.Options{Layout: p.Layout, Instructions: true, Search: layout.Options{MaxSize: 16 << 20, Progress: func(g layout.Progress) {
		e.event("progress", map[string]any{"best": g.Best, "bound": g.Bound, "doing": g.Doing})
	}}}
	ctx := &clock{Context: context.Background(), engine: e, yielded: time.Now()}
	if p.Seconds > 0 {
		ctx.end = time.Now().Add(time.Duration(p.Seconds) * time.Second)
	}
	r, bag := tasm.Build(ctx, src, opts)
	if flat := (tasm.Options{Format: tasm.FlatBinary, Search: layout.Options{MaxSize: 16 << 20}}); r.Bytes == nil || r.Program.Code16 != (diag.Range{}) {
		if other, said := tasm.Build(context.Background(), src, flat); other.Bytes != nil {
			r, bag = other, said
		}
	}
	if r.File != nil && r.File.Class != 0 {
		bag.Append(lint.Check(r.Program, r.Files))
	}
	out := &product{Errors: bag.Errors(), Size: len(r.Bytes), Layout: p.Layout, Whole: ctx.Err() == nil}
	var text bytes.Buffer
	var shown diag.Warnings
	if err := diag.Human(&text, r.Files, diag.Limit(shown.Apply(bag.Messages()), 50), false); err != nil {
		return nil, err
	}
	out.Messages = text.String()
	e.built, e.run = r, nil
	if r.Bytes == nil {
		return out, nil
	}
	out.Bytes = base64.StdEncoding.EncodeToString(r.Bytes)
	if r.File.Class != 0 {
		out.Target = r.Program.Target
		out.Image = imageOf(r, opts.Search)
	}
	if len(r.Bytes) <= mostListed {
		loader, _ := elf.ByName("")
		var b bytes.Buffer
		file := origin.Complete(r.File, r.Program)
		if err := listing.New(Name, file, symbols.New(file, r.Program, r.Files), loader, r.Program.Bits).JSON(&b); err != nil {
			return nil, err
		}
		out.Listing = b.Bytes()
	}
	return out, nil
}

// image describes the container image of a program.
type image struct {
	Bytes            string    `json:"bytes"` // of the program as it stands there, base64
	OS               string    `json:"os"`
	Arch             string    `json:"arch"`
	Settings         []setting `json:"settings"`
	IgnoresArguments bool      `json:"ignoresArguments"`
}

// setting is an IMAGE statement.
type setting struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

func imageOf(r *tasm.Result, opts layout.Options) *image {
	target, ok := linux.TargetFor(r.Program.Target)
	if !ok {
		return nil
	}
	x := &image{Bytes: base64.StdEncoding.EncodeToString(r.ForImage(r.File, opts)), OS: target.OS, Arch: target.Arch, Settings: []setting{}, IgnoresArguments: flow.IgnoresArguments(r.Program)}
	for _, st := range r.Program.Image {
		if st.Key.Text == lang.ImageAnywhere {
			continue // a matter of the layout
		}
		s := setting{Name: st.Key.Text, Values: []string{}}
		for _, a := range st.Args {
			s.Values = append(s.Values, string(a.Bytes))
		}
		x.Settings = append(x.Settings, s)
	}
	return x
}

// clock is a context that ends at a time or by Interrupt. It looks at the clock itself:
// in a worker no timer goes off, and no message comes in, while something is computed.
type clock struct {
	context.Context
	engine *Engine
	end    time.Time // zero for never
	mu     sync.Mutex
	// yielded is when the page's messages were let in last.
	yielded time.Time
}

// yieldEvery is how long messages may wait.
const yieldEvery = 100 * time.Millisecond

// Err implements context.Context.
func (c *clock) Err() error {
	c.mu.Lock()
	now := time.Now()
	if c.engine.Yield != nil && now.Sub(c.yielded) > yieldEvery {
		c.yielded = now
		c.engine.Yield() // locked: messages come in only while all who search wait
	}
	c.mu.Unlock()
	if c.engine.ended.Load() || !c.end.IsZero() && now.After(c.end) {
		return context.DeadlineExceeded
	}
	return nil
}

func noFiles(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// lessons lists the lessons, or reads one.
func (e *Engine) lessons(p *struct {
	Number int `json:"number"`
}) (any, error) {
	if p.Number == 0 {
		list := []map[string]any{}
		for _, l := range lessons.All() {
			list = append(list, map[string]any{"number": l.Number, "title": l.Title})
		}
		return list, nil
	}
	for _, l := range lessons.All() {
		if l.Number == p.Number {
			return l, nil
		}
	}
	return nil, fmt.Errorf("there is no lesson %d", p.Number)
}

type checkParams struct {
	Exercise string `json:"exercise"`
	Text     string `json:"text"`
}

// checked is what came of a test.
type checked struct {
	Name   string   `json:"name"`
	Passed bool     `json:"passed"`
	Said   []string `json:"said"`
}

// check holds a solution against the tests of an exercise.
func (e *Engine) check(p *checkParams) (any, error) {
	_, exercise := lessons.Find(p.Exercise)
	if exercise == nil {
		return nil, fmt.Errorf("there is no exercise '%s'", p.Exercise)
	}
	files := &diag.Files{}
	id := files.Add(Name, []byte(p.Text))
	suite, bag := spec.ParseFile(files, files.Add(exercise.Name+".test", []byte(exercise.Tests)))
	if bag.Errors() > 0 {
		return nil, bag.Messages()[0]
	}
	runner := &spec.Runner{
		Program: &spec.Program{Files: files, ID: id, Assemble: assembler.Options{ReadFile: noFiles}},
		Limits:  spec.Defaults,
	}
	out := []checked{}
	for _, c := range suite.Cases {
		for _, r := range runner.Run(context.Background(), c) {
			one := checked{Name: c.Name, Passed: r.Passed(), Said: []string{}}
			for _, f := range r.Failures {
				one.Said = append(one.Said, strings.TrimSpace(f.Message.Text+"\n"+f.Diff))
			}
			out = append(out, one)
		}
	}
	return out, nil
}
