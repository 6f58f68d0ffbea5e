package lsp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tasm/parser"
)

// files yields the document and the files that it includes.
func (d *document) files(yield func(uri string, x *index) bool) {
	if !yield(d.uri, d.index) {
		return
	}
	for file, x := range d.included {
		if !yield(uriOf(file), x) {
			return
		}
	}
}

func (s *Server) definition(d *document, offset int) any {
	out := []location{}
	if n := d.at(offset); n != nil {
		d.files(func(uri string, x *index) bool {
			for _, o := range x.names {
				if o.defines && o.same(n) {
					out = append(out, location{uri, x.text.span(o.start, o.end)})
				}
			}
			return true
		})
		return out
	}
	// The name of an included file leads there.
	if t, ok := d.tokenAt(offset); ok && t.Kind == parser.String {
		for file := range d.included {
			if name := strings.Trim(t.Text, "'\"`"); name != "" && strings.HasSuffix(file, name) {
				out = append(out, location{URI: uriOf(file)})
			}
		}
	}
	return out
}

type referenceParams struct {
	place
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

func (s *Server) references(p *referenceParams) any {
	out := []location{}
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return out
	}
	n := d.at(d.text.offset(p.Position))
	if n == nil {
		return out
	}
	d.files(func(uri string, x *index) bool {
		for _, o := range x.names {
			if o.same(n) && (!o.defines || p.Context.IncludeDeclaration) {
				out = append(out, location{uri, x.text.span(o.start, o.end)})
			}
		}
		return true
	})
	return out
}

func (s *Server) highlight(d *document, offset int) any {
	type documentHighlight struct {
		Range textRange `json:"range"`
	}
	out := []documentHighlight{}
	if n := d.at(offset); n != nil {
		for _, o := range d.names {
			if o.same(n) {
				out = append(out, documentHighlight{d.text.span(o.start, o.end)})
			}
		}
	}
	return out
}

// defined reports whether a name is defined in the document or what it includes.
func (d *document) defined(n *name) bool {
	found := false
	d.files(func(_ string, x *index) bool {
		found = slices.ContainsFunc(x.names, func(o name) bool { return o.defines && o.same(n) })
		return !found
	})
	return found
}

func (s *Server) prepareRename(d *document, offset int) any {
	n := d.at(offset)
	if n == nil || !d.defined(n) {
		return nil
	}
	start := n.end - len(lastPart(n.text))
	return map[string]any{"range": d.text.span(start, n.end), "placeholder": lastPart(n.text)}
}

// lastPart is the name of a local label without the label that it belongs to.
func lastPart(written string) string { return written[strings.LastIndexByte(written, '.')+1:] }

type renameParams struct {
	place
	NewName string `json:"newName"`
}

var errRename = errors.New("this can't be renamed")

func rename(s *Server, raw json.RawMessage) (any, error) {
	var p renameParams
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrParams, err)
	}
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return nil, errRename
	}
	n := d.at(d.text.offset(p.Position))
	if n == nil || !d.defined(n) {
		return nil, errRename
	}
	local := strings.LastIndexByte(n.full, '.') >= 0 && !n.kind.isMacro()
	fresh := p.NewName
	if local {
		fresh = strings.TrimPrefix(fresh, ".")
	}
	if !isPlainName(fresh) {
		return nil, fmt.Errorf("'%s' can't be a name here", p.NewName)
	}
	edits := workspaceEdit{map[string][]textEdit{}}
	d.files(func(uri string, x *index) bool {
		for _, o := range x.names {
			if start, end, ok := o.part(n); ok {
				edits.Changes[uri] = append(edits.Changes[uri], textEdit{x.text.span(start, end), fresh})
			}
		}
		return true
	})
	return edits, nil
}

// part returns the bytes of o that spell the name n: all of them, those behind the
// last point of a local label, or those in front of one that belongs to n.
func (o *name) part(n *name) (start, end int, ok bool) {
	switch {
	case o.same(n) && o.kind.isMacro():
		return o.start, o.end, true
	case o.same(n):
		return o.end - len(lastPart(o.text)), o.end, true
	case !n.kind.isMacro() && !o.kind.isMacro() && strings.HasPrefix(o.full, n.full+".") && strings.HasPrefix(o.text, n.full+"."):
		return o.start + len(n.full) - len(lastPart(n.full)), o.start + len(n.full), true
	}
	return 0, 0, false
}

// isPlainName reports whether text is a name that is not reserved.
func isPlainName(text string) bool {
	for line := range parser.Lines(0, text) {
		t := line.Tokens
		return len(t) == 1 && t[0].Kind == parser.Identifier && t[0].Text == text && !strings.ContainsAny(text, ".$") &&
			lexicon.Kind(text) == parser.NameWord
	}
	return false
}

func (s *Server) documentSymbols(d *document, _ *textRange) any {
	out := []documentSymbol{}
	for _, n := range d.names {
		if !n.defines {
			continue
		}
		span := d.text.span(n.start, n.end)
		line := d.lines[n.line].Range
		symbol := documentSymbol{Name: n.text, Kind: functionSymbol, Range: d.text.span(min(int(line.Start), n.start), max(int(line.End), n.end)), SelectionRange: span}
		switch n.kind {
		case equName, constantName:
			symbol.Kind = constantSymbol
		case macroName:
			symbol.Kind = keySymbol
		}
		if p := d.symbols[n.full]; p != nil && !n.kind.isMacro() {
			symbol.Detail = d.address(p)
		}
		if last := len(out) - 1; last >= 0 && strings.HasPrefix(n.text, ".") && !n.kind.isMacro() {
			out[last].Children = append(out[last].Children, symbol)
			out[last].Range.End = symbol.Range.End
			continue
		}
		out = append(out, symbol)
	}
	return out
}

type symbolParams struct {
	Query string `json:"query"`
}

func (s *Server) workspaceSymbols(p *symbolParams) any {
	out := []symbolInformation{}
	seen := map[string]bool{}
	for _, d := range s.documents {
		d.files(func(uri string, x *index) bool {
			if seen[uri] {
				return true
			}
			seen[uri] = true
			for _, n := range x.names {
				if n.defines && strings.Contains(strings.ToLower(n.full), strings.ToLower(p.Query)) {
					kind := functionSymbol
					if n.kind != labelName {
						kind = constantSymbol
					}
					out = append(out, symbolInformation{n.full, kind, location{uri, x.text.span(n.start, n.end)}})
				}
			}
			return true
		})
	}
	slices.SortFunc(out, func(a, b symbolInformation) int {
		return strings.Compare(a.Name+"\x00"+a.Location.URI, b.Name+"\x00"+b.Location.URI)
	})
	return out
}

// folding answers with the blocks of the preprocessor, runs of comments, and what
// stands below each label.
func (s *Server) folding(d *document, _ *textRange) any {
	out := []foldingRange{}
	add := func(from, to int, kind string) {
		if from < to && from >= 0 {
			out = append(out, foldingRange{d.text.position(int(d.lines[from].Range.Start)).Line, d.text.position(int(d.lines[to].Range.Start)).Line, kind})
		}
	}
	var open []int
	comment, label, last := -1, -1, -1
	for i, line := range d.lines {
		switch blockEdge(line) {
		case 1:
			open = append(open, i)
		case -1:
			if n := len(open); n > 0 {
				add(open[n-1], i, "")
				open = open[:n-1]
			}
		}
		alone := len(line.Tokens) == 0 && line.Comment.Start < line.Comment.End
		if !alone && comment >= 0 {
			add(comment, i-1, "comment")
			comment = -1
		} else if alone && comment < 0 {
			comment = i
		}
		if len(line.Tokens) == 0 {
			continue
		}
		if strings.EqualFold(line.Tokens[0].Text, "section") || d.parents[i] != "" && (i == 0 || d.parents[i] != d.parents[i-1]) {
			add(label, last, "")
			label = i
		}
		last = i
	}
	add(label, last, "")
	if comment >= 0 {
		add(comment, len(d.lines)-1, "comment")
	}
	return out
}
