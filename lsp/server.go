// Package lsp is a language server: it answers the requests of the Language
// Server Protocol about sources that an editor has open.
//
// The server is handed messages one by one and knows neither streams nor
// processes, so that it runs behind standard input for an editor as well as in
// the worker of a page. Every change of a document is assembled anew, as a whole:
// that takes less time than a key needs to come up again (see the benchmark), and
// leaves nothing that could be out of date. Names and places come from the lines
// themselves (index.go), so that they are there also where the source has
// mistakes; bytes, addresses and messages come from the assembler (analysis.go).
// What takes longer, the sizes in other layouts, is computed in the background
// and ended by the next change.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"tasm/assembler"
	"tasm/format"
)

// Client is the editor's side.
type Client interface {
	Notify(method string, params any)
	// Request asks for what needs no answer that matters.
	Request(method string, params any)
}

// Server answers for the documents of one editor. Its methods may be called from
// several goroutines.
type Server struct {
	// ReadFile reads files that are included and not open; nil where there are none.
	ReadFile func(name string) ([]byte, error)
	// Sizes has the sizes in all layouts computed in the background.
	Sizes bool
	// Idle is how long nothing must change before that begins.
	Idle time.Duration

	client    Client
	mu        sync.Mutex
	documents map[string]*document // by URI
	refreshes bool                 // the client can be asked to fetch code lenses again
	watches   bool                 // the client can be asked to watch files
	watched   []string             // the names of those that it watches
	watchers  int                  // how often it was asked
	ended     bool
}

// document is an open document.
type document struct {
	uri, file string
	version   int
	text      *text
	*analysis
	cancel context.CancelFunc // of the background work, or nil
	sizes  map[string]int     // by layout
	busy   bool               // further sizes are on their way
}

// NewServer returns a server that speaks to client.
func NewServer(client Client) *Server {
	return &Server{client: client, documents: map[string]*document{}, Idle: 400 * time.Millisecond}
}

var errNotFound = fs.ErrNotExist

// ErrMethod says that there is no such method.
var ErrMethod = errors.New("method not found")

// ErrParams says that the parameters of a request can't be read.
var ErrParams = errors.New("invalid params")

// handler answers a request or takes a notification.
type handler func(s *Server, params json.RawMessage) (any, error)

// on makes a handler of a function with parameters of a type.
func on[P any](f func(s *Server, p *P) any) handler {
	return func(s *Server, raw json.RawMessage) (any, error) {
		p := new(P)
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, p); err != nil {
				return nil, fmt.Errorf("%w: %s", ErrParams, err)
			}
		}
		return f(s, p), nil
	}
}

// about makes a handler of a request about a place in a document. The answer about
// a document that is not open is null.
func about(f func(s *Server, d *document, offset int) any) handler {
	return on(func(s *Server, p *place) any {
		d := s.documents[p.TextDocument.URI]
		if d == nil {
			return nil
		}
		return f(s, d, d.text.offset(p.Position))
	})
}

// within makes a handler of a request about a document or a range of it.
func within(f func(s *Server, d *document, r *textRange) any) handler {
	type params struct {
		TextDocument documentID `json:"textDocument"`
		Range        *textRange `json:"range"`
	}
	return on(func(s *Server, p *params) any {
		d := s.documents[p.TextDocument.URI]
		if d == nil {
			return nil
		}
		return f(s, d, p.Range)
	})
}

var handlers map[string]handler

func init() {
	nothing := func(*Server, json.RawMessage) (any, error) { return nil, nil }
	handlers = map[string]handler{
		"initialize":                       on((*Server).initialize),
		"initialized":                      func(s *Server, _ json.RawMessage) (any, error) { s.watch(); return nil, nil },
		"$/setTrace":                       nothing,
		"$/cancelRequest":                  nothing,
		"workspace/didChangeConfiguration": nothing,
		"shutdown":                         func(s *Server, _ json.RawMessage) (any, error) { s.ended = true; s.stopAll(); return nil, nil },
		"textDocument/didOpen":             on((*Server).didOpen),
		"textDocument/didChange":           on((*Server).didChange),
		"textDocument/didSave":             nothing,
		"textDocument/didClose":            on((*Server).didClose),
		"workspace/didChangeWatchedFiles":  on((*Server).filesChanged),
		"textDocument/hover":               about((*Server).hover),
		"textDocument/completion":          about((*Server).completion),
		"textDocument/signatureHelp":       about((*Server).signatureHelp),
		"textDocument/definition":          about((*Server).definition),
		"textDocument/references":          on((*Server).references),
		"textDocument/documentHighlight":   about((*Server).highlight),
		"textDocument/prepareRename":       about((*Server).prepareRename),
		"textDocument/rename":              rename,
		"textDocument/documentSymbol":      within((*Server).documentSymbols),
		"workspace/symbol":                 on((*Server).workspaceSymbols),
		"textDocument/foldingRange":        within((*Server).folding),
		"textDocument/semanticTokens/full": within((*Server).semanticTokens),
		"textDocument/formatting":          within((*Server).formatting),
		"textDocument/inlayHint":           within((*Server).inlayHints),
		"textDocument/codeLens":            within((*Server).codeLenses),
		"textDocument/codeAction":          on((*Server).codeActions),
	}
}

// Handle takes a message of the client. Where that is a request, the result is
// the answer; where it is a notification nothing comes of it.
func (s *Server) Handle(method string, params json.RawMessage) (any, error) {
	h := handlers[method]
	if h == nil {
		return nil, fmt.Errorf("%w: %s", ErrMethod, method)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return h(s, params)
}

// Ended reports whether the client has asked to shut down.
func (s *Server) Ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

type initializeParams struct {
	Capabilities struct {
		Workspace struct {
			CodeLens struct {
				RefreshSupport bool `json:"refreshSupport"`
			} `json:"codeLens"`
			DidChangeWatchedFiles struct {
				DynamicRegistration bool `json:"dynamicRegistration"`
			} `json:"didChangeWatchedFiles"`
		} `json:"workspace"`
	} `json:"capabilities"`
}

func (s *Server) initialize(p *initializeParams) any {
	s.refreshes = p.Capabilities.Workspace.CodeLens.RefreshSupport
	s.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	return map[string]any{
		"serverInfo": map[string]string{"name": "tasm"},
		"capabilities": map[string]any{
			"positionEncoding":           "utf-16",
			"textDocumentSync":           map[string]any{"openClose": true, "change": 2, "save": false},
			"hoverProvider":              true,
			"completionProvider":         map[string]any{"triggerCharacters": []string{".", "%"}},
			"signatureHelpProvider":      map[string]any{"triggerCharacters": []string{" ", ",", "("}},
			"definitionProvider":         true,
			"referencesProvider":         true,
			"documentHighlightProvider":  true,
			"renameProvider":             map[string]any{"prepareProvider": true},
			"documentSymbolProvider":     true,
			"workspaceSymbolProvider":    true,
			"foldingRangeProvider":       true,
			"documentFormattingProvider": true,
			"inlayHintProvider":          true,
			"codeLensProvider":           map[string]any{"resolveProvider": false},
			"codeActionProvider":         map[string]any{"codeActionKinds": []string{quickFix, rewriteAction}},
			"semanticTokensProvider": map[string]any{
				"legend": map[string]any{"tokenTypes": tokenTypes, "tokenModifiers": tokenModifiers},
				"full":   true,
			},
		},
	}
}

type didOpenParams struct {
	TextDocument struct {
		URI     string `json:"uri"`
		Version int    `json:"version"`
		Text    string `json:"text"`
	} `json:"textDocument"`
}

func (s *Server) didOpen(p *didOpenParams) any {
	s.close(p.TextDocument.URI)
	d := &document{uri: p.TextDocument.URI, file: pathOf(p.TextDocument.URI), version: p.TextDocument.Version, text: newText(p.TextDocument.Text)}
	s.documents[d.uri] = d
	s.analyse(d)
	s.reanalyse(d.file)
	return nil
}

type didChangeParams struct {
	TextDocument   documentID `json:"textDocument"`
	ContentChanges []struct {
		Range *textRange `json:"range"`
		Text  string     `json:"text"`
	} `json:"contentChanges"`
}

func (s *Server) didChange(p *didChangeParams) any {
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return nil
	}
	for _, c := range p.ContentChanges {
		if c.Range == nil {
			d.text = newText(c.Text)
		} else {
			d.text = d.text.edit(*c.Range, c.Text)
		}
	}
	d.version = p.TextDocument.Version
	s.analyse(d)
	s.reanalyse(d.file)
	return nil
}

type didCloseParams struct {
	TextDocument documentID `json:"textDocument"`
}

func (s *Server) didClose(p *didCloseParams) any {
	if d := s.documents[p.TextDocument.URI]; d != nil {
		s.close(d.uri)
		s.client.Notify("textDocument/publishDiagnostics", publishDiagnostics{URI: d.uri, Version: d.version, Diagnostics: []diagnostic{}})
		s.reanalyse(d.file)
	}
	return nil
}

func (s *Server) close(uri string) {
	if d := s.documents[uri]; d != nil {
		d.stop()
		delete(s.documents, uri)
	}
}

func (s *Server) stopAll() {
	for _, d := range s.documents {
		d.stop()
	}
}

func (d *document) stop() {
	if d.cancel != nil {
		d.cancel()
		d.cancel = nil
	}
	d.busy = false
}

// analyse learns anew of a document, and tells the client what is wrong with it.
func (s *Server) analyse(d *document) {
	d.stop()
	kind := anyKind
	if d.analysis != nil {
		kind = d.kind
	}
	d.analysis = analyse(d.file, d.text.body, s.read, kind)
	s.tell(d)
	if s.Sizes || d.unsettled {
		ctx, cancel := context.WithCancel(context.Background())
		d.cancel, d.sizes, d.busy = cancel, map[string]int{}, s.Sizes
		a := d.analysis
		go func() {
			defer cancel()
			select {
			case <-ctx.Done():
			case <-time.After(s.Idle):
				s.background(ctx, d, a)
			}
		}()
	}
}

// tell sends the messages about a document.
func (s *Server) tell(d *document) {
	s.client.Notify("textDocument/publishDiagnostics", publishDiagnostics{URI: d.uri, Version: d.version, Diagnostics: d.diagnostics(uriOf)})
}

// reanalyse does so for the documents that include a file which is open too.
func (s *Server) reanalyse(file string) {
	for _, d := range s.documents {
		if d.file != file && d.asked[file] {
			s.analyse(d)
		}
	}
	s.watch()
}

// background does what no key may wait for: it looks whether a version of a document is
// better read as something else, and computes the sizes of its program.
func (s *Server) background(ctx context.Context, d *document, a *analysis) {
	if a.unsettled {
		read := func(name string) ([]byte, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.read(name)
		}
		settled := analyse(d.file, a.text.body, read, anyKind)
		s.mu.Lock()
		if ctx.Err() == nil && settled.errors < a.errors {
			a, d.analysis = settled, settled
			s.tell(d)
		}
		s.mu.Unlock()
	}
	if s.Sizes {
		a.sizes(ctx, func(layout string, size int) { s.measured(ctx, d, layout, size, true) })
		s.measured(ctx, d, "", 0, false)
	}
}

// measured takes a size that has become known.
func (s *Server) measured(ctx context.Context, d *document, layout string, size int, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	d.busy = busy
	if layout != "" {
		d.sizes[layout] = size
	}
	if s.refreshes {
		s.client.Request("workspace/codeLens/refresh", nil)
	}
}

// read reads an included file: from the document, where it is open.
func (s *Server) read(name string) ([]byte, error) {
	for _, d := range s.documents {
		if d.file == path.Clean(name) {
			return []byte(d.text.body), nil
		}
	}
	if s.ReadFile == nil {
		return nil, errNotFound
	}
	return s.ReadFile(name)
}

// pathOf returns the path that a URI names; of other schemes the URI itself.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return uri
	}
	if len(u.Path) > 2 && u.Path[0] == '/' && u.Path[2] == ':' {
		return u.Path[1:] // a drive of Windows
	}
	return u.Path
}

// uriOf returns the URI of a path.
func uriOf(file string) string {
	if strings.Contains(file, "://") || strings.HasPrefix(file, "untitled:") {
		return file
	}
	if len(file) > 1 && file[1] == ':' {
		file = "/" + file
	}
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// formatting answers with one edit that replaces all that changes.
func (s *Server) formatting(d *document, _ *textRange) any {
	out, err := format.Checked(d.file, d.text.body, assembler.Options{ReadFile: s.read})
	if err != nil || out == d.text.body {
		return []textEdit{}
	}
	return []textEdit{{d.text.span(0, len(d.text.body)), out}}
}

// Kinds of code actions.
const (
	quickFix      = "quickfix"
	rewriteAction = "refactor.rewrite"
)

type codeActionParams struct {
	TextDocument documentID `json:"textDocument"`
	Range        *textRange `json:"range"`
	Context      struct {
		Only []string `json:"only"` // kinds, or what their names begin with; all, if there are none
	} `json:"context"`
}

// wants reports whether actions of a kind are asked for.
func (p *codeActionParams) wants(kind string) bool {
	return len(p.Context.Only) == 0 || slices.ContainsFunc(p.Context.Only, func(only string) bool {
		return kind == only || strings.HasPrefix(kind, only+".")
	})
}

// codeActions answers with the fixes of messages in a range, and with shorter ways to
// write the instructions there.
func (s *Server) codeActions(p *codeActionParams) any {
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return nil
	}
	from, to := 0, len(d.text.body)
	if r := p.Range; r != nil {
		from, to = d.text.offset(r.Start), d.text.offset(r.End)
	}
	out := []codeAction{}
	if p.wants(quickFix) {
		out = append(out, d.fixes(from, to)...)
	}
	if p.wants(rewriteAction) && p.Range != nil {
		out = append(out, d.shorter(s, *p.Range)...)
	}
	return out
}

// fixes are the fixes of messages between two bytes.
func (d *document) fixes(from, to int) []codeAction {
	out := []codeAction{}
	all := d.diagnostics(uriOf)
	for i, m := range d.visible() {
		if m.Range.File != d.result.Source || int(m.Range.End) < from || int(m.Range.Start) > to {
			continue
		}
		for _, f := range m.Fixes {
			if f.Range.File != d.result.Source {
				continue
			}
			old := d.text.body[f.Range.Start:f.Range.End]
			title := fmt.Sprintf("Replace '%s' by '%s'", old, f.Text)
			switch {
			case old == "":
				title = fmt.Sprintf("Insert '%s'", f.Text)
			case f.Text == "":
				title = fmt.Sprintf("Remove '%s'", old)
			}
			at := d.text.span(int(f.Range.Start), int(f.Range.End))
			out = append(out, codeAction{
				Title: title, Kind: quickFix, Diagnostics: all[i : i+1], IsPreferred: len(m.Fixes) == 1,
				Edit: workspaceEdit{map[string][]textEdit{d.uri: {{at, f.Text}}}},
			})
		}
	}
	return out
}

// inlayHints shows the bytes and the size of each line.
func (s *Server) inlayHints(d *document, r *textRange) any {
	out := []inlayHint{}
	for line, l := range d.lineBytes() {
		if l.size == 0 || r != nil && (line < r.Start.Line || line > r.End.Line) {
			continue
		}
		end := d.text.position(d.text.lines[line] + len(d.text.line(line)))
		out = append(out, inlayHint{Position: end, Label: l.String(), PaddingLeft: true, Tooltip: "the bytes that this line becomes as it is written"})
	}
	slices.SortFunc(out, func(a, b inlayHint) int { return a.Position.Line - b.Position.Line })
	return out
}

// codeLenses shows the size of the program above its first line.
func (s *Server) codeLenses(d *document, _ *textRange) any {
	if len(d.sizes) == 0 {
		return []codeLens{}
	}
	var parts []string
	for _, layout := range []string{"plain", "pack", "golf"} {
		if size, ok := d.sizes[layout]; ok {
			parts = append(parts, fmt.Sprintf("%s %d B", layout, size))
		}
	}
	title := strings.Join(parts, " · ")
	if d.busy {
		title += " · searching"
	}
	line := 0
	for i, l := range d.lines {
		if len(l.Tokens) > 0 {
			line = d.text.position(int(d.lines[i].Tokens[0].Range.Start)).Line
			break
		}
	}
	return []codeLens{{textRange{position{line, 0}, position{line, 0}}, command{Title: title}}}
}
