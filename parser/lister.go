package parser

import (
	"fmt"
	"strings"

	"tasm/diag"
)

// Lister is told of what the preprocessor does, in order, by whoever lists a source.
// Depth counts the files and macros that something stands in.
type Lister interface {
	// Line is told of every line as it is read; macro is set in the body of one.
	Line(at diag.Range, depth int, macro bool)
	// Note is told of the rest that it asks for.
	Note(depth int, text string)
	// Shows is what it asks for.
	Shows() Shown
}

// Shown is what a listing may show besides the lines of the source.
type Shown struct {
	Expanded    bool // lines as the assembler gets them
	Calls       bool // calls of multi-line macros, with arguments expanded
	Definitions bool // of single-line macros
	Hidden      bool // the bodies of .nolist macros
}

// listedDepth is how deep the line at hand stands in what is listed. It is hidden in
// the body of a .nolist macro, and unknown in tasm's own.
func (p *preprocessor) listedDepth() (depth int, hidden, known bool) {
	depth = -1
	if p.line.Range.File == p.host.preludeFile() {
		return 0, true, false
	}
	for i := range p.frames {
		f := &p.frames[i]
		if f.done != nil && f.done.own {
			return 0, true, false
		}
		hidden = hidden || !p.shown.Hidden && (f.expansion != nil && f.expansion.Hidden || f.done != nil && f.done.nolist)
		if f.kind != textFrame && !hidden {
			depth++
		}
	}
	return depth, hidden, depth >= 0
}

// listed tells of the line at hand, which f has given.
func (p *preprocessor) listed(f *frame) {
	if f.label {
		p.trailing = f.body[0].trailing
		p.listNote(p.lineText(p.line), false)
	}
	if f.kind == textFrame {
		return
	}
	if depth, hidden, known := p.listedDepth(); known && !hidden {
		p.lister.Line(p.line.Range, depth, f.kind != fileFrame)
	}
}

// listNote tells of something else, even if it is hidden.
func (p *preprocessor) listNote(text string, even bool) {
	if depth, hidden, known := p.listedDepth(); known && (even || !hidden) {
		p.lister.Note(depth, text)
	}
}

// callText is a call of a multi-line macro with its arguments in braces.
func callText(name string, args [][]Token) string {
	var list []string
	for _, arg := range args {
		list = append(list, "{"+detokenize(arg)+"}")
	}
	return strings.TrimRight(" ;;; [macro] "+name+" "+strings.Join(list, ","), " ")
}

// definitionText is a definition as the directive that makes it.
func (p *preprocessor) definitionText(name Token, m *singleMacro) string {
	directive := "define"
	if m.alias {
		directive = "defalias"
	}
	if m.fold {
		directive = "i" + directive
	}
	what := m.name
	if level := contextLevel(name.Text); level > 0 && level <= len(p.contexts) {
		c := p.contexts[len(p.contexts)-level]
		what = fmt.Sprintf("[%s::%d] %%%s%s", c.name, c.number, strings.Repeat("$", level), m.name)
	}
	if m.parens {
		var params []string
		for i := range m.params {
			params = append(params, m.params[i].text(m.greedy && i == len(m.params)-1))
		}
		what += "(" + strings.Join(params, ",") + ")"
	}
	var body []Token
	for i := range m.body {
		body = append(body, m.body[i].Token)
	}
	return " ;;; %" + directive + " " + what + " " + detokenize(body)
}

// text is a parameter as a definition has it.
func (s *singleParam) text(greedy bool) string {
	text := ""
	for _, flag := range []struct {
		set  bool
		text string
	}{{s.evaluate, "="}, {s.quoted, "&"}, {s.keep, "&"}, {s.verbatim, "!"}} {
		if flag.set {
			text += flag.text
		}
	}
	text += s.name
	if greedy {
		text += "+"
	}
	return text
}

// listDefinition tells of a definition.
func (p *preprocessor) listDefinition(name Token, m *singleMacro) {
	if p.lister != nil && p.shown.Definitions {
		p.listNote(p.definitionText(name, m), true)
	}
}
