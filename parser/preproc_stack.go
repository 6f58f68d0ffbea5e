package parser

import (
	"fmt"
	"strings"

	"tasm/diag"
)

// stackFrame is how %arg and %local lay out the stack of a procedure, and how
// far they have come (nasm manual, "%arg", "%local", "%stacksize").
type stackFrame struct {
	pointer string // the register that the procedure keeps the frame in
	word    int    // bytes of one stack slot
	arg     int    // offset of the next argument
	local   int    // bytes of locals so far
}

// stackSizes are the models that %stacksize knows.
var stackSizes = map[string]stackFrame{
	"flat":   {pointer: "ebp", word: 4, arg: 8},
	"flat64": {pointer: "rbp", word: 8, arg: 16},
	"large":  {pointer: "bp", word: 2, arg: 4},
	"small":  {pointer: "bp", word: 2, arg: 6},
}

// typeSizes are the types that a variable of %arg or %local can have, in bytes.
var typeSizes = map[string]int{"byte": 1, "word": 2, "dword": 4, "qword": 8, "tword": 10}

// stackSize obeys %stacksize.
func (p *preprocessor) stackSize(d *command) {
	t := d.word()
	if t != nil {
		if s, ok := stackSizes[strings.ToLower(t.Text)]; ok {
			p.stack = s
			d.end()
			return
		}
	}
	p.errorf(d.name.Range, "%s takes flat, flat64, large or small", d.name.Text)
}

// variable takes "name:type" and the comma after it.
func (d *command) variable() (name Token, size int, ok bool) {
	name, ok = d.macroName()
	if !ok {
		return
	}
	at := d.at()
	if !d.accept(":") || len(d.args) == 0 {
		d.p.report(diag.Errorf(at, "after '%s' comes ':' and a type", shown(name.Text)).
			Notef("the types are byte, word, dword, qword and tword"))
		return name, 0, false
	}
	t := d.word()
	size, ok = typeSizes[strings.ToLower(t.Text)]
	if !ok {
		d.p.report(diag.Errorf(t.Range, "%s is no type of a variable", t.describe()).
			Notef("the types are byte, word, dword, qword and tword"))
		return name, 0, false
	}
	d.accept(",")
	return name, size, true
}

// frameModel is the model that the last %stacksize chose. A program for nasm must
// have one: without it nasm goes on counting where its last pass ended, so that the
// offsets depend on how many passes it made.
func (p *preprocessor) frameModel(d *command) *stackFrame {
	if p.stack.pointer == "" {
		p.stack = stackSizes["flat"]
		if !p.host.ownLanguage() {
			p.report(diag.Errorf(d.name.Range, "%s needs a %s before it", d.name.Text, "%stacksize").
				Notef("write '%s flat', flat64, large or small; without it nasm's offsets depend on its number of passes", "%stacksize"))
		}
	}
	return &p.stack
}

// argDirective obeys %arg: names for the arguments on the stack.
func (p *preprocessor) argDirective(d *command) {
	s := p.frameModel(d)
	for {
		name, size, ok := d.variable()
		if !ok {
			return
		}
		p.defineAs(name, false, p.relex(fmt.Sprintf("(%s+%d)", s.pointer, s.arg), name.Range, false))
		s.arg += (size + s.word - 1) / s.word * s.word
		if len(d.args) == 0 {
			return
		}
	}
}

// localDirective obeys %local: names for variables on the stack. Their size is
// added to %$localsize, for ENTER.
func (p *preprocessor) localDirective(d *command) {
	s := p.frameModel(d)
	total := Token{Kind: Directive, Text: "%$localsize", Range: d.name.Range}
	for {
		name, size, ok := d.variable()
		if !ok {
			return
		}
		size = (size + s.word - 1) / s.word * s.word
		s.local += size
		p.defineAs(name, false, p.relex(fmt.Sprintf("(%s-%d)", s.pointer, s.local), name.Range, false))
		if table, _ := p.scope(total); table != nil {
			sum := append([]Token{total, {Kind: Punctuation, Text: "+", Range: total.Range}}, numberTokens(int64(size), total.Range)...)
			if n, ok := p.evaluate(p.expand(sum), d.name.Text, d.name.Range); ok {
				p.defineAs(total, false, numberTokens(n, total.Range))
			}
		}
		if len(d.args) == 0 {
			return
		}
	}
}
