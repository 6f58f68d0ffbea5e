package lsp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tasm"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/flow"
	"tasm/lang"
	"tasm/layout/rewrite"
	"tasm/program"
)

// Code actions of the optimiser: what its rules on a few instructions (package
// layout/rewrite) offer for the program as it is, written back into the source. The
// rules see to it that the same is left in all that matters; an edit is offered only
// if the source with it assembles to these instructions and takes fewer bytes.

// mostShorter is how many ways to be shorter are offered at a place.
const mostShorter = 4

// adviceEffort halves the optimiser's work for each unit below zero: an editor asks
// with every move of the cursor.
const adviceEffort = -4

// maxAdvised bounds the instructions of a program that is looked at.
const maxAdvised = 2000

// advice returns what the optimiser offers in those blocks that have an instruction
// between two bytes of a document.
func (a *analysis) advice(from, to int) []rewrite.Advice {
	if a.errors > 0 || a.plain == nil || kinds[a.kind].Format != tasm.Executable || a.result.Program.Instructions() > maxAdvised {
		return nil
	}
	return rewrite.Advise(flow.Build(a.result.Program), rewrite.Options{LowAddresses: true, Effort: adviceEffort}, func(b *flow.Block) bool {
		return slices.ContainsFunc(b.Code, func(in flow.Inst) bool {
			return in.Source != nil && in.Source.Range.File == a.result.Source && touches(in.Source.Range, from, to)
		})
	})
}

// touches reports whether a range has to do with what lies between two bytes.
func touches(r diag.Range, from, to int) bool { return int(r.Start) <= to && from <= int(r.End) }

// shorter answers with the edits in some lines that make the program smaller, those
// that save most first.
func (d *document) shorter(s *Server, r textRange) []codeAction {
	from, to := d.text.offset(position{Line: r.Start.Line}), d.text.offset(position{Line: r.End.Line + 1})-1
	type offer struct {
		saved  int64
		action codeAction
	}
	var offers []offer
	for _, x := range d.advice(from, to) {
		e, ok := d.rewriting(&x, from, to)
		if !ok {
			continue
		}
		edits := e.edits()
		saved := d.saved(s, edits, x.To)
		if saved <= 0 {
			continue
		}
		title := titleOf(saved, strings.Join(e.texts, "; "))
		action := codeAction{Title: title, Kind: rewriteAction, Edit: workspaceEdit{map[string][]textEdit{d.uri: edits}}}
		if !slices.ContainsFunc(offers, func(o offer) bool { return o.action.Title == title }) {
			offers = append(offers, offer{saved, action})
		}
	}
	slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(b.saved, a.saved) })
	list := []codeAction{}
	for _, o := range offers[:min(len(offers), mostShorter)] {
		list = append(list, o.action)
	}
	return list
}

func titleOf(saved int64, code string) string {
	unit := "bytes"
	if saved == 1 {
		unit = "byte"
	}
	if code == "" {
		return fmt.Sprintf("%d %s shorter: without this", saved, unit)
	}
	return fmt.Sprintf("%d %s shorter: %s", saved, unit, code)
}

// rewriting is an advice as it is written into a source.
type rewriting struct {
	d     *document
	lines []int // of index.lines: those of the instructions that are replaced
	was   []*lang.Instruction
	texts []string // the new instructions
}

// rewriting returns how an advice about instructions between two bytes is written;
// ok is false for what does not stand in lines of its own, one behind the other.
func (d *document) rewriting(x *rewrite.Advice, from, to int) (rewriting, bool) {
	e := rewriting{d: d}
	touched := false
	for i := range x.From {
		st := x.From[i].Source
		if st == nil || st.Expansion != nil || st.Times != nil || st.Range.File != d.result.Source {
			return e, false
		}
		in, ok := st.Body.(*lang.Instruction)
		if !ok || len(in.Prefixes) > 0 || i > 0 && st.Label != nil || st.Label != nil && !st.Label.Colon {
			return e, false
		}
		line := d.lineAt(int(in.Range.Start))
		if i > 0 && line != d.lineBehind(e.lines[i-1]) {
			return e, false
		}
		e.lines, e.was = append(e.lines, line), append(e.was, in)
		touched = touched || touches(d.lines[line].Range, from, to)
	}
	if !touched {
		return e, false
	}
	for i := range x.To {
		text, ok := e.text(&x.To[i], x.From)
		if !ok {
			return e, false
		}
		e.texts = append(e.texts, text)
	}
	return e, true
}

// lineBehind returns the next line that is not empty, -1 if there is none.
func (x *index) lineBehind(line int) int {
	for k := line + 1; k < len(x.lines); k++ {
		if len(x.lines[k].Tokens) > 0 {
			return k
		}
	}
	return -1
}

// text writes a new instruction, with the words that the source had for the same
// numbers and places.
func (e *rewriting) text(in *flow.Inst, from []flow.Inst) (string, bool) {
	if in.Direct() {
		for i := range from {
			if from[i].Target == in.Target && len(e.was[i].Operands) == 1 {
				return x86.MnemonicName(in.Mnemonic) + " " + e.d.written(e.was[i].Operands[0].Range), true
			}
		}
		return "", false
	}
	for i := range from { // one that stays as it is
		if from[i].Source == in.Source && from[i].Instruction.String() == in.Instruction.String() && from[i].Refs == in.Refs {
			tokens := e.d.lines[e.lines[i]].Tokens
			return e.d.text.body[e.was[i].Range.Start:tokens[len(tokens)-1].Range.End], true
		}
	}
	ok := true
	text := rewrite.Text(in, func(r flow.Ref) string {
		name := e.d.nameOf(r)
		ok = ok && name != ""
		return name
	}, func(n int64) string {
		for i := range from {
			for k := range from[i].Operands {
				o := &from[i].Operands[k]
				if len(e.was[i].Operands) != len(from[i].Operands) || o.Kind != x86.ImmediateOperand || !from[i].Refs[k].IsZero() || !o.Value.IsNumber() || o.Value.N != n {
					continue
				}
				if w := e.was[i].Operands[k]; w.Size == 0 && !w.Strict {
					return e.d.written(w.Range)
				}
			}
		}
		return fmt.Sprint(n)
	})
	return text, ok
}

func (d *document) written(r diag.Range) string { return d.text.body[r.Start:r.End] }

// nameOf writes an address of data as a label and what is added to it.
func (d *document) nameOf(r flow.Ref) string {
	if r.Object == nil || len(r.Object.Fragments) == 0 {
		return ""
	}
	at := r.Object.Fragments[0].Offset + r.Offset
	var best *program.Symbol
	for _, s := range d.result.Program.Symbols {
		segment, ok := s.Value.Segment()
		if ok && segment == r.Object.Section.ID && !s.Equ && s.Value.N <= at && !strings.HasPrefix(s.Name, "..") && (best == nil || s.Value.N > best.Value.N) {
			best = s
		}
	}
	switch {
	case best == nil:
		return ""
	case best.Value.N == at:
		return best.Name
	}
	return fmt.Sprintf("%s + %d", best.Name, at-best.Value.N)
}

// edits writes the new instructions in place of those before, line by line; comments
// and labels stay where they are.
func (e *rewriting) edits() []textEdit {
	var edits []textEdit
	last := len(e.lines) - 1
	for i, line := range e.lines {
		start := int(e.was[i].Range.Start)
		tokens := e.d.lines[line].Tokens
		end := int(tokens[len(tokens)-1].Range.End)
		texts := e.texts[min(i, len(e.texts)):]
		if i < last {
			texts = texts[:min(1, len(texts))]
		}
		begin := e.before(start)
		comment := e.d.lines[line].Comment
		if len(texts) == 0 && strings.TrimSpace(begin) == "" && comment.Start == comment.End {
			at := e.d.text.position(start).Line
			edits = append(edits, textEdit{textRange{position{at, 0}, position{at + 1, 0}}, ""})
			continue
		}
		indent := strings.Repeat(" ", len(begin))
		if k := strings.LastIndexByte(begin, '\t'); k >= 0 {
			indent = strings.Repeat("\t", strings.Count(begin, "\t")) + indent[k+1:]
		}
		var lines []string
		for _, t := range texts {
			lines = append(lines, e.aligned(t))
		}
		edits = append(edits, textEdit{e.d.text.span(start, end), strings.Join(lines, "\n"+indent)})
	}
	return edits
}

// before returns what stands in front of a byte in its line.
func (e *rewriting) before(offset int) string {
	return e.d.text.body[e.d.text.lines[e.d.text.position(offset).Line]:offset]
}

// aligned sets the operands of an instruction as far from its mnemonic as the source
// does.
func (e *rewriting) aligned(text string) string {
	mnemonic, operands, some := strings.Cut(text, " ")
	if operands = strings.TrimLeft(operands, " \t"); !some {
		return text
	}
	for _, was := range e.was {
		if len(was.Operands) == 0 {
			continue
		}
		gap := e.d.text.body[was.Range.End:max(was.Range.End, was.Operands[0].Range.Start)]
		if strings.Trim(gap, "\t") == "" && gap != "" {
			return mnemonic + gap + operands
		}
		if strings.Trim(gap, " ") == "" {
			width := int(was.Range.End-was.Range.Start) + len(gap)
			return mnemonic + strings.Repeat(" ", max(1, width-len(mnemonic))) + operands
		}
	}
	return text
}

// saved returns how many bytes shorter the program is with some edits; 0 where the
// source does not assemble to the instructions that are wanted.
func (d *document) saved(s *Server, edits []textEdit, want []flow.Inst) int64 {
	fresh := d.text
	for _, e := range slices.Backward(edits) {
		fresh = fresh.edit(e.Range, e.NewText)
	}
	start, end := d.text.offset(edits[0].Range.Start), d.text.offset(edits[len(edits)-1].Range.End)
	end += len(fresh.body) - len(d.text.body)
	r, messages := tasm.Assemble(tasm.Source{Name: d.file, Text: []byte(fresh.body), ReadFile: s.read}, kinds[d.kind])
	if messages.Errors() > 0 || r.Program == nil {
		return 0
	}
	for _, section := range r.Program.Sections {
		for i := range section.Fragments {
			f := &section.Fragments[i]
			if f.Kind != program.Code || f.Source.Expansion != nil || f.Source.Range.File != r.Source {
				continue
			}
			in, ok := f.Source.Body.(*lang.Instruction)
			if !ok || int(in.Range.Start) < start || int(in.Range.Start) >= end {
				continue
			}
			if len(want) == 0 || want[0].Mnemonic != f.Instruction.Mnemonic {
				return 0
			}
			want = want[1:]
		}
	}
	if len(want) > 0 {
		return 0
	}
	return sizeOf(d.result.Program) - sizeOf(r.Program)
}

// sizeOf is the size of all that a program keeps in memory, in bytes.
func sizeOf(p *program.Program) int64 {
	n := int64(0)
	for _, s := range p.Sections {
		for i := range s.Fragments {
			if f := &s.Fragments[i]; s.Flags&program.Alloc != 0 {
				n += f.Size * f.Repeat
			}
		}
	}
	return n
}
