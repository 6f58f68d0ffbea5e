package lsp

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"tasm/codegen/x86"
	"tasm/linux"
	"tasm/manual"
	"tasm/parser"
)

// abi is the calling convention of the document's target.
func (d *document) abi() *linux.ABI {
	if d.result.Program != nil {
		if abi, ok := linux.ABIFor(d.result.Program.Target); ok {
			return abi
		}
	}
	if abi, ok := linux.ABIFor(d.target); ok {
		return abi
	}
	return linux.I386
}

// hover says of a name where it is and what it is worth, of another word what
// tasm explain says.
func (s *Server) hover(d *document, offset int) any {
	t, ok := d.tokenAt(offset)
	if !ok {
		return nil
	}
	at := d.text.span(int(t.Range.Start), int(t.Range.End))
	if n := d.at(offset); n != nil {
		if value := d.describe(n); value != "" {
			if n.kind.isMacro() && !n.defines {
				value += d.expansion(n.start, s.read)
			}
			return hover{markup{"markdown", value}, at}
		}
	}
	for _, word := range []string{t.Text, strings.ToLower(t.Text)} {
		if e, ok := d.lookUp(word, t); ok {
			return hover{markup{"markdown", e.Markdown()}, at}
		}
	}
	return nil
}

// lookUp finds the entry of a word; of several, behind SYS the system call.
func (d *document) lookUp(word string, t parser.Token) (manual.Entry, bool) {
	all := manual.All(word)
	line := d.lines[d.lineAt(int(t.Range.Start))].Tokens
	for i := 1; i < len(line); i++ {
		if line[i].Range == t.Range && strings.EqualFold(line[i-1].Text, "sys") {
			for _, e := range all {
				if e.Kind == "system call" {
					return e, true
				}
			}
		}
	}
	if len(all) == 0 {
		return manual.Entry{}, false
	}
	return all[0], true
}

// describe says what a name is.
func (d *document) describe(n *name) string {
	if n.kind.isMacro() {
		m, ok := d.macros[n.full]
		if !ok {
			return ""
		}
		if m.kind == macroName {
			return fmt.Sprintf("**%s** (macro, parameters: %s)\n\n```nasm\n%s\n```\n", n.text, orNone(m.params), clip(m.body))
		}
		return fmt.Sprintf("**%s** (macro)\n\n```nasm\n%s\n```\n", n.text, clip(m.body))
	}
	p := d.symbols[n.full]
	if p == nil {
		if d.defined(n) {
			return fmt.Sprintf("**%s** (label; its address is known once the source has no mistakes)\n", n.full)
		}
		return ""
	}
	kind := "label"
	if p.Equ {
		kind = "equ"
	}
	return fmt.Sprintf("**%s** (%s)\n\n%s\n", n.full, kind, d.address(p))
}

func orNone(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// clip bounds what a hover shows, in bytes.
func clip(s string) string {
	const most = 2000
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "\n..."
	}
	return s
}

// statics are the words that can be completed everywhere.
var statics = sync.OnceValue(func() (w struct{ first, operands, percent, all []completionItem }) {
	item := func(name string, kind int, detail string) completionItem {
		return completionItem{Label: name, Kind: kind, Detail: detail}
	}
	for _, m := range x86.Mnemonics() {
		detail := "instruction"
		if e, ok := manual.Lookup(m); ok && e.Title != "" {
			detail = e.Title
		}
		w.first = append(w.first, item(m, keywordItem, detail))
	}
	for _, p := range x86.Prefixes() {
		detail := "prefix"
		if e, ok := manual.Lookup(p); ok && e.Title != "" {
			detail = e.Title
		}
		w.first = append(w.first, item(p, keywordItem, detail))
	}
	for _, k := range lexicon.Keywords(parser.DataWord, parser.EquWord, parser.TimesWord, parser.DirectiveWord, parser.OwnWord) {
		w.first = append(w.first, item(k, keywordItem, lexicon.Usage(k)))
	}
	for _, r := range x86.Registers() {
		w.operands = append(w.operands, item(r, variableItem, "register"))
	}
	for _, k := range lexicon.Keywords(parser.SizeWord, parser.OperatorWord) {
		w.operands = append(w.operands, item(k, keywordItem, ""))
	}
	for _, k := range parser.Preprocessor() {
		w.percent = append(w.percent, item(k, snippetItem, "directive of the preprocessor"))
	}
	return w
})

// completion answers with what can stand at a place, by what stands before it.
func (s *Server) completion(d *document, offset int) any {
	type list struct {
		IsIncomplete bool             `json:"isIncomplete"`
		Items        []completionItem `json:"items"`
	}
	i := d.lineAt(offset)
	if i < 0 {
		return list{Items: []completionItem{}}
	}
	line := d.lines[i]
	if line.Comment.Start < line.Comment.End && offset > int(line.Comment.Start) {
		return list{Items: []completionItem{}}
	}
	words, typed := before(line, offset)
	items := []completionItem{}
	switch {
	case typed.Kind == parser.String || typed.Kind == parser.Invalid || typed.Kind == parser.Number:
	case strings.HasPrefix(typed.Text, "%"):
		items = append(items, statics().percent...)
	case len(words) > 0 && strings.EqualFold(words[len(words)-1].Text, "sys"):
		items = d.calls()
	case first(words):
		items = append(items, d.local(i, macroName)...)
		items = append(items, statics().first...)
	default:
		items = append(items, d.local(i, labelName, equName, constantName)...)
		items = append(items, statics().operands...)
		if len(words) == 1 && lexicon.Kind(words[0].Text) == parser.NameWord || lexicon.Kind(words[len(words)-1].Text) == parser.PrefixWord {
			items = append(items, statics().first...)
		}
	}
	return list{Items: narrow(items, typed.Text)}
}

// mostItems bounds an answer; the editor narrows it by what is typed.
const mostItems = 4000

// narrow leaves the items that begin with what has been typed of the word.
func narrow(items []completionItem, typed string) []completionItem {
	typed = strings.ToLower(typed)
	items = slices.DeleteFunc(slices.Clone(items), func(c completionItem) bool {
		return !strings.HasPrefix(strings.ToLower(c.Label), typed)
	})
	return items[:min(len(items), mostItems)]
}

// before returns the tokens of a line in front of the word at a byte, and what of
// that word stands in front of it.
func before(line parser.SourceLine, offset int) (words []parser.Token, typed parser.Token) {
	for k, t := range line.Tokens {
		switch start, end := int(t.Range.Start), int(t.Range.End); {
		case start >= offset:
			return line.Tokens[:k], parser.Token{}
		case end >= offset && t.Kind != parser.Punctuation:
			t.Text = t.Text[:min(len(t.Text), offset-start)]
			return line.Tokens[:k], t
		}
	}
	return line.Tokens, parser.Token{}
}

// first reports whether an instruction or a directive can follow words.
func first(words []parser.Token) bool {
	n := len(words)
	return n == 0 || n >= 2 && words[n-1].Text == ":" && n <= 2
}

// local are the names of the document. Local labels are offered as they are
// written below the label at hand.
func (d *document) local(line int, kinds ...nameKind) []completionItem {
	var items []completionItem
	seen := map[string]bool{}
	parent := d.parents[line]
	d.files(func(_ string, x *index) bool {
		for _, n := range x.names {
			if !n.defines || !slices.Contains(kinds, n.kind) {
				continue
			}
			label := n.full
			if n.kind.isMacro() {
				label = n.text
			} else if rest, ok := strings.CutPrefix(n.full, parent+"."); ok && parent != "" {
				label = "." + rest
			}
			if seen[label] {
				continue
			}
			seen[label] = true
			c := completionItem{Label: label, Kind: labelItem}
			switch n.kind {
			case macroName:
				c.Kind, c.Detail = functionItem, "macro "+d.macros[n.full].params
			case equName, constantName:
				c.Kind = constantItem
			}
			if p := d.symbols[n.full]; p != nil {
				c.Detail = d.address(p)
			}
			items = append(items, c)
		}
		return true
	})
	slices.SortFunc(items, func(a, b completionItem) int { return strings.Compare(a.Label, b.Label) })
	return items
}

// calls are the system calls of the document's target.
func (d *document) calls() []completionItem {
	abi := d.abi()
	var items []completionItem
	for _, name := range linux.Names(abi) {
		if call, ok := linux.Lookup(name); ok {
			items = append(items, completionItem{Label: name, Kind: functionItem, Detail: signatureOf(call, abi), Documentation: &markup{"plaintext", call.Summary}})
		}
	}
	return items
}

func signatureOf(call *linux.Syscall, abi *linux.ABI) string {
	label := call.Name
	for _, arg := range call.Args(abi) {
		label += ", " + arg.Name
	}
	return label
}
