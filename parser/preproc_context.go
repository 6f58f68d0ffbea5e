package parser

import (
	"strconv"
	"strings"

	"tasm/diag"
)

// context is an entry of the context stack (%push): a namespace for labels and
// single-line macros whose names start with %$.
type context struct {
	name   string
	number int
	macros macroTable[*singleMacro]
	opened diag.Range
}

// label is the name of the label %$name of c for the rest of the assembler.
func (c *context) label(name string) string { return uniqueLabel(c.number, name) }

// uniqueLabel is the name that nasm gives a label which belongs to one macro
// call or one context.
func uniqueLabel(number int, name string) string {
	return "..@" + strconv.Itoa(number) + "." + name
}

// bare is the text of a Directive token without its percent sign and braces.
func bare(text string) string {
	text = text[1:]
	if len(text) >= 2 && text[0] == '{' && text[len(text)-1] == '}' {
		text = text[1 : len(text)-1]
	}
	return text
}

// contextLevel counts the dollar signs of %$name: 1 is the innermost context,
// and 0 says that text is no such name.
func contextLevel(text string) int {
	if len(text) < 3 || text[1] != '$' && (text[1] != '{' || text[2] != '$') {
		return 0
	}
	name := bare(text)
	n := len(name) - len(strings.TrimLeft(name, "$"))
	if n == len(name) {
		return 0
	}
	return n
}

// contextOf finds the context that the token %$name is of, and the name in it.
// A context that there is not is reported.
func (p *preprocessor) contextOf(t Token) (*context, string) {
	level := contextLevel(t.Text)
	name := bare(t.Text)[level:]
	if level <= len(p.contexts) {
		return p.contexts[len(p.contexts)-level], name
	}
	if len(p.contexts) == 0 {
		p.report(diag.Errorf(t.Range, "'%s' needs a context, and the context stack is empty", shown(t.Text)).
			Notef("%s opens a context", "%push"))
	} else {
		p.errorf(t.Range, "'%s' is %d contexts up, but the context stack has only %d", shown(t.Text), level, len(p.contexts))
	}
	return nil, name
}

// contextName takes the name of a context, nil if there is none.
func (p *preprocessor) contextName(d *command) (*Token, bool) {
	t := d.word()
	if t != nil && t.Kind != Identifier {
		p.errorf(t.Range, "%s takes the name of a context, not %s", d.name.Text, t.describe())
		return nil, false
	}
	return t, true
}

// pushContext obeys %push.
func (p *preprocessor) pushContext(d *command) {
	t, ok := p.contextName(d)
	if !ok {
		return
	}
	name := ""
	if t != nil {
		name = t.Text
	}
	if len(p.contexts) >= p.limits.depth {
		p.giveUp(d.name.Range, "contexts are more than %d deep", p.limits.depth)
		return
	}
	p.contexts = append(p.contexts, &context{name: name, number: p.unique, opened: d.name.Range})
	p.unique++
	d.end()
}

// innermost returns the context that %pop or %repl is about, if there is one
// and it has the name that is asked for.
func (p *preprocessor) innermost(d *command, want *Token) *context {
	if len(p.contexts) == 0 {
		p.report(diag.Errorf(d.name.Range, "%s: the context stack is empty", d.name.Text).
			Notef("%s opens a context", "%push"))
		return nil
	}
	c := p.contexts[len(p.contexts)-1]
	if want != nil && !strings.EqualFold(c.name, want.Text) {
		inner := "one without a name"
		if c.name != "" {
			inner = "'" + shown(c.name) + "'"
		}
		p.report(diag.Errorf(want.Range, "%s '%s': the innermost context is %s", d.name.Text, shown(want.Text), inner).
			NoteAt(c.opened, "it was opened here"))
		return nil
	}
	return c
}

// popContext obeys %pop.
func (p *preprocessor) popContext(d *command) {
	name, ok := p.contextName(d)
	if !ok {
		return
	}
	if p.innermost(d, name) != nil {
		p.contexts = p.contexts[:len(p.contexts)-1]
	}
	d.end()
}

// replContext obeys %repl: it renames the innermost context.
func (p *preprocessor) replContext(d *command) {
	name, ok := p.contextName(d)
	if !ok {
		return
	}
	if c := p.innermost(d, nil); c != nil {
		c.name = ""
		if name != nil {
			c.name = name.Text
		}
	}
	d.end()
}
