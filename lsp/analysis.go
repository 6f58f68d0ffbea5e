package lsp

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"tasm"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/lint"
	"tasm/object"
	"tasm/program"
)

// analysis is what is known of a version of a document.
type analysis struct {
	*index
	included map[string]*index // by path
	asked    map[string]bool   // the paths at which included files were looked for
	result   *tasm.Result
	messages []*diag.Message
	errors   int // mistakes among the messages of the assembler
	kind     int // index in kinds
	// unsettled says that it may have fewer mistakes as another kind, which was not tried.
	unsettled bool
	bytes     map[int]lineBytes // nil until somebody asks, see lineBytes
	plain     *layout.File
	symbols   map[string]*program.Symbol
}

// lineBytes is what the bytes of a line are.
type lineBytes struct {
	size  int64
	bytes []byte // the first ones
}

// kinds are what a source without a target may be for, in the order in which they
// are tried.
var kinds = []tasm.Options{
	{Format: tasm.Executable, Instructions: true},
	{Format: tasm.FlatBinary, Instructions: true},
	{Format: tasm.Object, ObjectFormat: object.ELF64, Instructions: true},
	{Format: tasm.Object, ObjectFormat: object.ELF32, Instructions: true},
	{Format: tasm.Object, ObjectFormat: object.Win64, Instructions: true},
}

// analyse assembles a source. kind is what the version before was for, tried first: it
// is the only one where the source is large, until nobody types. With anyKind all are tried.
func analyse(file, body string, read func(string) ([]byte, error), kind int) *analysis {
	a := &analysis{included: map[string]*index{}, asked: map[string]bool{}, symbols: map[string]*program.Symbol{}}
	texts := map[string]string{}
	src := tasm.Source{Name: file, Text: []byte(body), ReadFile: func(name string) ([]byte, error) {
		a.asked[name] = true
		data, err := read(name)
		if err == nil && len(data) < 1<<20 {
			texts[name] = string(data)
		}
		return data, err
	}}
	indexed := make(chan *index)
	go func() { indexed <- newIndex(body, nil) }()
	a.assemble(src, max(kind, 0)) // the first, where any will do
	first := <-indexed
	switch {
	case first.own && kind > 0:
		a.result = nil
		a.assemble(src, 0)
	case !first.own && a.errors > 0 && a.errors <= manyErrors:
		if kind != anyKind && len(body) > quickSource {
			a.unsettled = true
			break
		}
		for k := range kinds {
			if k != max(kind, 0) && a.errors > 0 {
				a.assemble(src, k)
			}
		}
	}
	a.layOut(src)
	a.include(first, file, texts)
	return a
}

// assemble takes a source as a kind of output, if it has fewer mistakes so than as
// those before.
func (a *analysis) assemble(src tasm.Source, kind int) {
	r, bag := tasm.Assemble(src, kinds[kind])
	n := bag.Errors()
	if p := r.Program; p != nil && kinds[kind].Format != tasm.Object {
		n += len(p.Externs) // nothing defines them
	}
	if a.result == nil || n < a.errors {
		a.errors, a.result, a.kind, a.messages = n, r, kind, bag.Messages()
	}
}

// layOut makes the file for which the source is, if it is no object.
func (a *analysis) layOut(src tasm.Source) {
	if a.result.Program == nil {
		return
	}
	switch kinds[a.kind].Format {
	case tasm.Executable:
		file, said := a.result.LayOut("plain", layout.Options{MaxSize: maxFile})
		a.plain = file
		a.messages = append(a.messages, said.Messages()...)
		if said.Errors() == 0 && len(src.Text) <= lint.MaxSource {
			a.messages = append(a.messages, lint.Check(a.result.Program, a.result.Files).Messages()...)
		}
	case tasm.FlatBinary:
		file, said := layout.Flat(a.result.Program, layout.Options{MaxSize: maxFile})
		a.plain = file
		a.messages = append(a.messages, said.Messages()...)
	}
	for _, s := range a.result.Program.Symbols {
		a.symbols[s.Name] = s
	}
}

// anyKind stands for all of kinds.
const anyKind = -1

// manyErrors is from how many mistakes on a source is not tried as something else.
const manyErrors = 20

// quickSource is how large a source is, in bytes, that is tried as all kinds at every
// key: larger ones wait until nobody types.
const quickSource = 32 << 10

// maxFile bounds the file that is made to learn addresses, in bytes.
const maxFile = 16 << 20

// include reads the included files, and then the source with their macros.
func (a *analysis) include(first *index, file string, texts map[string]string) {
	macros := map[string]macro{}
	var add func(x *index, from string)
	add = func(x *index, from string) {
		for _, name := range x.includes {
			for _, p := range []string{path.Join(path.Dir(from), name), name} {
				body, ok := texts[p]
				if !ok || a.included[p] != nil || strings.IndexByte(body, 0) >= 0 {
					continue
				}
				own := newIndex(body, nil)
				a.included[p] = own
				for k, m := range own.macros {
					macros[k] = m
				}
				add(own, p)
			}
		}
	}
	add(first, file)
	a.index = first
	if len(macros) > 0 {
		a.index = newIndex(first.text.body, macros)
	}
}

// mostBytes is how many bytes of a line are kept.
const mostBytes = 8

// lineBytes returns the bytes of each line of the source.
func (a *analysis) lineBytes() map[int]lineBytes {
	if a.bytes != nil {
		return a.bytes
	}
	a.bytes = map[int]lineBytes{}
	if a.result.Program == nil {
		return a.bytes
	}
	at := map[*program.Fragment]int64{}
	if a.plain != nil {
		for i := range a.plain.Parts {
			if p := &a.plain.Parts[i]; p.Kind == layout.FragmentPart {
				at[p.Fragment] = p.Offset
			}
		}
	}
	for _, s := range a.result.Program.Sections {
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if f.Source == nil {
				continue
			}
			place := outermost(f.Source)
			if place.File != a.result.Source {
				continue
			}
			bytes := f.Bytes
			if offset, ok := at[f]; ok && int(offset)+len(bytes) <= len(a.plain.Bytes) {
				bytes = a.plain.Bytes[offset : int(offset)+len(bytes)]
			}
			line := a.text.position(int(place.Start)).Line
			l := a.bytes[line]
			l.size += f.Size * f.Repeat
			for range min(f.Repeat, mostBytes) {
				if len(l.bytes) <= mostBytes {
					l.bytes = append(l.bytes, bytes[:min(len(bytes), mostBytes+1)]...)
				}
			}
			a.bytes[line] = l
		}
	}
	return a.bytes
}

// outermost is the place in the source itself that a statement comes from.
func outermost(s *lang.Statement) diag.Range {
	at := s.Range
	for e := s.Expansion; e != nil; e = e.Parent {
		at = e.Call
	}
	return at
}

// String shows the size and the first bytes.
func (l lineBytes) String() string {
	var b strings.Builder
	shown := l.bytes[:min(len(l.bytes), mostBytes)]
	if len(shown) > 0 {
		fmt.Fprintf(&b, "% X", shown)
		if int64(len(shown)) < l.size {
			b.WriteString(" …")
		}
		b.WriteString("  ")
	}
	fmt.Fprintf(&b, "%d B", l.size)
	return b.String()
}

// address tells where a symbol is, "" if that is not known.
func (a *analysis) address(s *program.Symbol) string {
	terms := s.Value.Terms()
	if s.Equ || len(terms) == 0 {
		if len(terms) == 0 {
			return fmt.Sprintf("= %d (%#x)", s.Value.N, uint64(s.Value.N))
		}
		return "an address"
	}
	if len(terms) != 1 || terms[0].Kind != lang.SegmentTerm {
		return ""
	}
	id := lang.SegmentID(terms[0].ID)
	section := a.result.Program.Section(id)
	if section == nil {
		return "defined elsewhere"
	}
	if a.plain != nil {
		for _, placed := range a.plain.Sections {
			if placed.Section.ID == id {
				return fmt.Sprintf("%#x, in %s (layout plain)", placed.Address+uint64(s.Value.N), section.Name)
			}
		}
	}
	return fmt.Sprintf("%#x bytes into %s", s.Value.N, section.Name)
}

// sizes lays the program out in each way and tells of each size as it is known;
// it ends early with ctx.
func (a *analysis) sizes(ctx context.Context, tell func(layout string, size int)) {
	if a.result.Program == nil || kinds[a.kind].Format != tasm.Executable || a.plain == nil {
		return
	}
	src := tasm.Source{Name: a.result.Files.Name(a.result.Source), Text: []byte(a.text.body), ReadFile: func(string) ([]byte, error) {
		return nil, errNotFound
	}}
	if len(a.included) > 0 {
		src.ReadFile = func(name string) ([]byte, error) {
			if x := a.included[name]; x != nil {
				return []byte(x.text.body), nil
			}
			return nil, errNotFound
		}
	}
	tell("plain", len(a.plain.Bytes))
	for _, way := range []string{"pack", "golf"} {
		r, _ := tasm.Build(ctx, src, tasm.Options{Layout: way})
		if ctx.Err() != nil {
			return
		}
		if r.Bytes != nil {
			tell(way, len(r.Bytes))
		}
	}
}

// diagnostics are the messages about one file; at tells where another is.
func (a *analysis) diagnostics(uri func(string) string) []diagnostic {
	out := []diagnostic{}
	for _, m := range a.visible() {
		d := diagnostic{Severity: int(m.Severity) + 1, Code: m.Code, Source: "tasm", Message: m.Text}
		if at, ok := a.own(m.Range); ok {
			d.Range = at
		} else if outer := a.callIn(m); !outer.IsZero() {
			d.Range, _ = a.own(outer)
			d.RelatedInformation = append(d.RelatedInformation, a.related(m.Range, m.Text, uri)...)
		} else {
			d.RelatedInformation = append(d.RelatedInformation, a.related(m.Range, m.Text, uri)...)
		}
		for _, n := range m.Notes {
			if n.Range.IsZero() {
				d.Message += "\n" + n.Text
				continue
			}
			d.RelatedInformation = append(d.RelatedInformation, a.related(n.Range, n.Text, uri)...)
		}
		out = append(out, d)
	}
	return out
}

// visible are the messages that are shown: quiet warnings are not.
func (a *analysis) visible() []*diag.Message {
	var w diag.Warnings
	list := w.Apply(a.messages)
	slices.SortStableFunc(list, func(x, y *diag.Message) int { return cmp.Compare(x.Range.Start, y.Range.Start) })
	return list[:min(len(list), mostMessages)]
}

// mostMessages is how many messages are sent about a document.
const mostMessages = 200

// own returns a range of the document itself.
func (a *analysis) own(r diag.Range) (textRange, bool) {
	if r.File != a.result.Source {
		return textRange{}, false
	}
	start, end := int(r.Start), int(r.End)
	if start == end && start > 0 && start >= len(a.text.body) {
		start--
	}
	return a.text.span(start, end), true
}

// callIn returns where the document calls or includes what a message is about.
func (a *analysis) callIn(m *diag.Message) diag.Range {
	for _, n := range m.Notes {
		if n.Range.File == a.result.Source {
			return n.Range
		}
	}
	return diag.Range{}
}

// related is a place that a message speaks of.
func (a *analysis) related(r diag.Range, said string, uri func(string) string) []relatedInformation {
	if r.IsZero() {
		return nil
	}
	file := a.result.Files.Name(r.File)
	t := newText(string(a.result.Files.Text(r.File)))
	if strings.HasPrefix(file, "<") {
		return nil
	}
	return []relatedInformation{{location{uri(file), t.span(int(r.Start), int(r.End))}, said}}
}
