package parser

import (
	"fmt"
	"math"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// multiMacro is a macro that stands for lines: %macro.
type multiMacro struct {
	name     string
	fold     bool // upper and lower case are alike
	min, max int  // how many arguments it takes
	greedy   bool // the last takes the rest of the line
	// recursive macros may call themselves (%rmacro); in the body of others
	// their name means what it meant without them, so that a macro can wrap an
	// instruction.
	recursive bool
	own       bool      // one of tasm's own, of which messages do not speak
	defaults  [][]Token // for the arguments after the first min
	body      []bodyLine
	nolist    bool // .nolist: its lines count as the line that calls it
	takeLabel bool // the body has %00, the label before the call
	defined   diag.Range
	active    int // calls under way
}

func (m *multiMacro) macroName() (string, bool) { return m.name, m.fold }

func (m *multiMacro) accepts(n int) bool { return n >= m.min && (m.greedy || n <= m.max) }

// macroCall is one call of a multiMacro.
type macroCall struct {
	macro  *multiMacro
	name   Token // as written in the call
	args   [][]Token
	held   int     // words of the arguments, as counted by preprocessor.held
	rotate int     // of %rotate
	label  []Token // for %00
	number int     // for %%label
	locals []localLabel
}

// localLabel is a label %%name of one macro call.
type localLabel struct{ name, full string }

// arg returns argument n, counted from 1, after rotation; an argument that was
// not given is empty.
func (c *macroCall) arg(n int) []Token {
	if n < 1 || n > len(c.args) {
		return nil
	}
	return c.args[(n-1+c.rotate)%len(c.args)]
}

// localLabel is the name of %%name in this call.
func (c *macroCall) localLabel(name string) string {
	for i := range c.locals {
		if c.locals[i].name == name {
			return c.locals[i].full
		}
	}
	full := uniqueLabel(c.number, name)
	if len(c.locals) < 16 { // more are rare, and only remembered to save memory
		c.locals = append(c.locals, localLabel{name, full})
	}
	return full
}

// findMulti returns the macros that the token may call, the newest first.
func (p *preprocessor) findMulti(t *Token) []*multiMacro {
	if t.Kind != Identifier {
		return nil
	}
	list := p.multi.list(t.Text)
	for i, m := range list {
		if matches(m, t.Text) && (m.active == 0 || m.recursive) {
			return list[i:]
		}
	}
	return nil
}

// callMulti enters the multi-line macro that a line calls, if it calls one.
func (p *preprocessor) callMulti(line Line) bool {
	tokens := line.Tokens
	if len(tokens) == 0 {
		return false
	}
	at := 0 // of the macro's name
	list := p.findMulti(&tokens[0])
	if list == nil {
		// A label may stand before the call.
		if k := tokens[0].Kind; k != Identifier && k != Directive {
			return false
		}
		if at = 1; len(tokens) > 1 && tokens[1].is(":") {
			at = 2
		}
		if at >= len(tokens) {
			return false
		}
		if list = p.findMulti(&tokens[at]); list == nil {
			return false
		}
	}
	name := tokens[at]
	rest := tokens[at+1:]
	// Arguments may have been written that have expanded to nothing.
	vanished := len(rest) == 0 && len(p.line.Tokens) > at+1
	m, args := p.choose(list, name, rest, vanished)
	if m == nil {
		return list[0].own && p.host.ownLanguage() // an error
	}
	if p.call() == nil {
		p.calls = 0
	}
	if p.calls++; p.calls > p.limits.calls {
		p.giveUp(name.Range, "a macro calls others more than %d times", p.limits.calls)
		return true
	}
	call := &macroCall{macro: m, name: name, args: args, number: p.unique}
	p.unique++
	callRange := name.Range
	if len(rest) > 0 {
		callRange = callRange.To(rest[len(rest)-1].Range)
	}
	outer := p.expansion()
	expansion := outer
	if !m.own {
		expansion = &lang.Expansion{What: "macro '" + shown(m.name) + "'", Call: callRange, Parent: outer, Hidden: m.nolist}
	}
	if p.lister != nil && p.shown.Calls && (p.shown.Hidden || !m.nolist) && !m.own {
		p.listNote(callText(name.Text, args), false)
	}
	if !p.push(frame{kind: macroFrame, body: m.body, call: call, done: m, opened: callRange, expansion: expansion}) {
		return true
	}
	m.active++
	call.held = len(rest)
	if p.held += call.held; p.held > p.limits.held {
		p.giveUp(callRange, "the arguments of macro calls inside one another have more than %d words", p.limits.held)
	}
	if at == 0 {
		return true
	}
	label := p.arena.copy(tokens[:1])
	if m.takeLabel {
		call.label = label
		return true
	}
	// The label comes first, as a line of its own.
	colon := Token{Kind: Punctuation, Text: ":", Range: label[0].Range, Space: at == 1}
	p.push(frame{
		kind:      textFrame,
		label:     true,
		body:      []bodyLine{{Line: Line{Tokens: []Token{label[0], colon}, Range: line.Range}, percent: label[0].Kind == Directive, trailing: at == 2 && name.Space}},
		call:      call,
		expansion: outer,
	})
	return true
}

// choose picks the macro of list that takes the arguments in rest, and splits
// them.
func (p *preprocessor) choose(list []*multiMacro, name Token, rest []Token, vanished bool) (*multiMacro, [][]Token) {
	rest = p.arena.copy(rest)
	args, trailing := p.splitArguments(rest)
	n := len(args)
	for _, m := range list {
		if !m.accepts(n) || !matches(m, name.Text) || m.active > 0 && !m.recursive {
			continue
		}
		if trailing && !p.keepEmpty {
			// As in nasm, a comma at the end separates nothing.
			p.report(diag.Warningf("pp-macro-params-legacy", name.Range,
				"the empty last argument of macro '%s' is dropped", shown(m.name)).
				Notef("write '{}' for an argument that is empty"))
			n--
			rest = withoutTrailing(rest, args[:n])
		}
		return m, p.fitArguments(m, args[:n], rest)
	}
	for _, m := range list {
		if !matches(m, name.Text) || m.active > 0 && !m.recursive {
			continue
		}
		empty := n == 0 && m.min == 1 && vanished
		if trailing && m.accepts(n-1) || empty {
			p.report(diag.Warningf("pp-macro-params-legacy", name.Range,
				"macro '%s' is called with %s", shown(m.name), plural(n, "argument")).
				NoteAt(m.defined, "it takes %s", m.arity()))
			return m, p.fitArguments(m, args[:max(n-1, 0)], rest)
		}
	}
	var other *multiMacro
	for _, m := range list {
		if matches(m, name.Text) {
			other = m
			break
		}
	}
	if other.own {
		p.misusedDirective(other, name)
		return nil, nil
	}
	p.report(diag.Warningf("pp-macro-params-multi", name.Range,
		"there is a macro '%s', but it does not take %s", shown(other.name), plural(n, "argument")).
		NoteAt(other.defined, "it takes %s", other.arity()))
	return nil, nil
}

// misusedDirective says that one of nasm's directives stands with a number of
// arguments that it does not take. To nasm it is an ordinary name then.
func (p *preprocessor) misusedDirective(m *multiMacro, name Token) {
	what := strings.ToUpper(m.name) + " takes " + m.arity()
	message := diag.Warningf("pp-macro-params-multi", name.Range, "%s, so here it is no directive but an ordinary name", what)
	if p.host.ownLanguage() {
		message = diag.Errorf(name.Range, "%s", what)
	}
	if r := rules[m.name]; r != nil {
		message.Notef("write: %s", r.usage)
	}
	p.report(message)
}

// arity says how many arguments m takes.
func (m *multiMacro) arity() string {
	switch {
	case m.greedy || m.max == math.MaxInt:
		return plural(m.min, "argument") + " or more"
	case m.min == m.max:
		return plural(m.min, "argument")
	}
	return fmt.Sprintf("%d to %d arguments", m.min, m.max)
}

// splitArguments splits what follows a macro's name at its commas. An argument
// in braces may hold commas. trailing says that the last argument is empty and
// without braces, after a comma.
func (p *preprocessor) splitArguments(rest []Token) (args [][]Token, trailing bool) {
	if len(rest) == 0 {
		return nil, false
	}
	for at := 0; ; {
		start, end := at, at
		braced := at < len(rest) && rest[at].is("{")
		if braced {
			close := closingBrace(rest, at)
			if close < 0 {
				p.report(diag.Errorf(rest[at].Range, "this '{' has no closing '}'").
					Notef("braces hold an argument that has commas in it"))
				close = len(rest)
			}
			start, end = at+1, close
			at = min(close+1, len(rest))
			if at < len(rest) && !rest[at].is(",") {
				p.errorf(rest[at].Range, "an argument in braces ends with the closing brace; a comma must follow")
			}
		}
		for at < len(rest) && !rest[at].is(",") {
			at++
		}
		if !braced {
			end = at
		}
		args = append(args, rest[start:end:end])
		if at >= len(rest) {
			return args, !braced && start == end && len(args) > 1
		}
		at++
	}
}

// closingBrace finds the brace that closes the one at tokens[at].
func closingBrace(tokens []Token, at int) int {
	depth := 0
	for i := at; i < len(tokens); i++ {
		switch {
		case tokens[i].is("{"):
			depth++
		case tokens[i].is("}"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// fitArguments adds the defaults that are missing from args, and gives a
// greedy last parameter the rest of the line as it stands.
func (p *preprocessor) fitArguments(m *multiMacro, args [][]Token, rest []Token) [][]Token {
	if m.greedy && len(args) >= m.max {
		if m.max == 0 {
			return nil
		}
		last := args[m.max-1]
		return append(args[:m.max-1:m.max-1], greedyRest(rest, last, m.max-1))
	}
	for n := len(args); n >= m.min && n-m.min < len(m.defaults); n++ {
		args = append(args, m.defaults[n-m.min])
	}
	if m.greedy && m.max > 0 && len(args) > m.max { // the defaults that are over go with the last
		args = append(args[:m.max-1:m.max-1], commaJoined(args[m.max-1:], m.defined))
	}
	return args
}

// withoutTrailing returns rest without the comma at its end, which stands
// behind the last of args. Behind an empty one it stays, as in nasm.
func withoutTrailing(rest []Token, args [][]Token) []Token {
	if n := len(args); n > 0 && len(args[n-1]) > 0 {
		return rest[:len(rest)-1]
	}
	return rest
}

// greedyRest is what stands in rest from argument number skip on. If that
// begins with a group in braces, these are removed.
func greedyRest(rest, first []Token, skip int) []Token {
	at := 0
	for ; skip > 0; skip-- {
		if at < len(rest) && rest[at].is("{") {
			if end := closingBrace(rest, at); end >= 0 {
				at = end
			}
		}
		for at < len(rest) && !rest[at].is(",") {
			at++
		}
		at++
	}
	if at < len(rest) && rest[at].is("{") {
		return first
	}
	if at > len(rest) {
		return nil
	}
	return rest[at:]
}

// defineMulti obeys %macro and its kin: it reads the body up to %endmacro.
func (p *preprocessor) defineMulti(d *command, fold, recursive bool) {
	m := &multiMacro{fold: fold, recursive: recursive, own: p.own, defined: d.name.Range}
	ok := p.macroHeading(d, m)
	body, closed := p.collect(d.name, "%macro")
	if !ok || !closed {
		return
	}
	m.body = body
	for i := range body {
		for j := range body[i].Tokens {
			if t := &body[i].Tokens[j]; t.Kind == Directive && bare(t.Text) == "00" {
				m.takeLabel = true
			}
		}
	}
	for _, old := range p.multi.list(m.name) {
		if !m.own && (old.name == m.name || old.fold && m.fold) && old.min <= m.max && m.min <= old.max {
			p.report(diag.Warningf("pp-macro-redef-multi", m.defined, "macro '%s' is defined again", shown(m.name)).
				NoteAt(old.defined, "it was first defined here"))
			break
		}
	}
	p.multi.add(m)
}

// macroHeading reads what follows %macro: name, number of parameters, defaults.
func (p *preprocessor) macroHeading(d *command, m *multiMacro) bool {
	if !p.macroSignature(d, m) {
		return false
	}
	if len(d.args) == 0 {
		return true
	}
	defaults, _ := p.splitArguments(p.kept.copy(d.args))
	m.defaults = defaults
	if m.max != math.MaxInt && m.min+len(defaults) > m.max {
		p.report(diag.Warningf("pp-macro-defaults", argRange(d.args, d.name.Range),
			"macro '%s' has more defaults than parameters that may be left out", shown(m.name)))
		// They are arguments all the same.
	}
	return true
}

// macroSignature reads the name of a macro and how many arguments it takes:
// 2, 1-3, 1-*, each perhaps followed by +, and .nolist, which is a default behind a blank.
func (p *preprocessor) macroSignature(d *command, m *multiMacro) bool {
	name, ok := d.composedName()
	if !ok {
		d.word() // whatever it is instead
	}
	if !ok || name.Kind != Identifier {
		p.report(diag.Errorf(d.at(), "%s needs a macro name", d.name.Text).
			Notef("for example: %s", "%macro print 2"))
		return false
	}
	m.name = name.Text
	m.defined = name.Range
	d.args = p.expand(d.args) // counts and defaults are what they are now
	count, ok := d.count()
	if !ok {
		p.report(diag.Errorf(d.at(), "%s '%s' needs the number of its parameters", d.name.Text, shown(m.name)).
			Notef("for example: %s", d.name.Text+" "+shown(m.name)+" 2, or 1-3, or 1-*"))
		return false
	}
	m.min, m.max = count, count
	if d.accept("-") {
		if d.accept("*") {
			m.max = math.MaxInt
		} else {
			at := d.at()
			if m.max, ok = d.count(); !ok {
				p.errorf(at, "after '-' comes the greatest number of parameters, or '*'")
				return false
			}
			if m.max < m.min {
				p.errorf(at, "macro '%s' takes at least %d parameters but at most %d", shown(m.name), m.min, m.max)
				m.max = m.min
			}
		}
	}
	m.greedy = d.accept("+")
	if len(d.args) > 0 && !d.args[0].Space && strings.EqualFold(d.args[0].Text, ".nolist") {
		m.nolist = true
		d.args = d.args[1:]
	}
	return true
}

// undefineMulti obeys %unmacro.
func (p *preprocessor) undefineMulti(d *command, fold bool) {
	var want multiMacro
	if !p.macroSignature(d, &want) {
		return
	}
	d.end()
	p.multi.remove(want.name, func(m *multiMacro) bool {
		return (m.name == want.name || fold && m.fold) && m.fold == fold &&
			m.min == want.min && m.max == want.max && m.greedy == want.greedy
	})
}

// rotate obeys %rotate.
func (p *preprocessor) rotate(d *command) {
	tokens := p.expand(d.args)
	call := p.insideMacro(d.name)
	if call == nil {
		return
	}
	n, ok := p.evaluate(tokens, d.name.Text, d.name.Range)
	if !ok {
		return
	}
	if len(call.args) == 0 {
		p.errorf(d.name.Range, "%s: this call of macro '%s' has no arguments", d.name.Text, shown(call.macro.name))
		return
	}
	size := int64(len(call.args))
	call.rotate = int(((int64(call.rotate)+n%size)%size + size) % size)
}

// exitMacro obeys %exitmacro.
func (p *preprocessor) exitMacro(d *command) {
	d.end()
	for i := len(p.frames) - 1; i >= 0 && p.frames[i].kind != fileFrame; i-- {
		if p.frames[i].kind == macroFrame {
			for j := i; j < len(p.frames); j++ {
				p.frames[j].over, p.frames[j].left = true, 0
			}
			return
		}
	}
	p.errorf(d.name.Range, "%s stands outside a macro", d.name.Text)
}

// repeat obeys %rep.
func (p *preprocessor) repeat(d *command) {
	tokens := d.args
	isNolist := func(t Token) bool { return strings.EqualFold(t.Text, ".nolist") }
	if k := len(tokens); k > 0 && isNolist(tokens[k-1]) {
		tokens = tokens[:k-1]
	}
	if len(tokens) > 0 && isNolist(tokens[0]) {
		tokens = tokens[1:]
	}
	n, ok := p.evaluate(p.expand(tokens), d.name.Text, d.name.Range)
	switch {
	case !ok:
		n = 0
	case n < 0:
		p.report(diag.Warningf("pp-rep-negative", argRange(d.args, d.name.Range), "%s count %d is negative; nothing is repeated", d.name.Text, n))
		n = 0
	case n > p.limits.reps:
		p.errorf(argRange(d.args, d.name.Range), "%s count %d is over the limit of %d", d.name.Text, n, p.limits.reps)
		n = 0
	}
	expansion := p.expansion()
	if call := p.call(); call == nil || !call.macro.own {
		expansion = &lang.Expansion{What: "%rep", Call: d.line.Range, Parent: expansion}
	}
	body, closed := p.collect(d.name, "%rep")
	if !closed || n == 0 {
		return
	}
	// %0 and %1 inside are still those of the macro around.
	p.push(frame{kind: repFrame, body: body, left: n - 1, call: p.call(), opened: d.name.Range, expansion: expansion})
}

// exitRep obeys %exitrep: the innermost %rep ends, now if nothing that it
// called is still to be read.
func (p *preprocessor) exitRep(d *command) {
	d.end()
	for i := len(p.frames) - 1; i >= 0 && p.frames[i].kind != fileFrame; i-- {
		if p.frames[i].kind == repFrame {
			p.frames[i].over, p.frames[i].left = true, 0
			return
		}
	}
	p.errorf(d.name.Range, "%s stands outside a %s block", d.name.Text, "%rep")
}

// collect reads the lines up to the directive that closes the one named open,
// %macro or %rep, as they stand.
func (p *preprocessor) collect(open Token, what string) (body []bodyLine, closed bool) {
	end := map[string]string{"%macro": "%endmacro", "%rep": "%endrep"}[what]
	expansion := p.expansion()
	macros, reps := 0, 0
	if what == "%macro" {
		macros = 1
	} else {
		reps = 1
	}
	f := p.top()
	for {
		line, percent, ok := p.readListed(f)
		if !ok {
			break
		}
		if len(line.Tokens) == 0 {
			if p.alone {
				body = append(body, bodyLine{Line: Line{Range: line.Range}})
			}
			continue
		}
		if percent && p.earlyLine(line) {
			continue
		}
		if t := &line.Tokens[0]; t.Kind == Directive {
			// A %rep inside a macro is its own affair, but inside a %rep both nest, each
			// for itself: an %endrep counts behind a %macro that is left open.
			switch blockEdge(t.Text) {
			case openMacro:
				macros++
			case closeMacro:
				if (macros > 1 || macros > 0 && what == "%rep") && directiveWord(t.Text) == "%endm" && !p.host.ownLanguage() {
					p.report(diag.Errorf(t.Range, "nasm does not take %s for the end of a macro in a macro or a %s", "%endm", "%rep").
						Suggest(t.Range, "%endmacro"))
				}
				if macros > 0 {
					macros--
				}
				if macros == 0 && what == "%macro" {
					return body, true
				}
			case openRep:
				if what == "%rep" {
					reps++
				}
			case closeRep:
				if what == "%rep" {
					if reps--; reps == 0 {
						return body, true
					}
				}
			}
		}
		if f.kind == fileFrame || f.placed() {
			line.Tokens = p.kept.copy(line.Tokens)
		}
		body = append(body, bodyLine{Line: line, percent: percent})
		if !p.store(len(line.Tokens), line.Range) {
			return nil, false
		}
	}
	if !p.fatal {
		p.bag.Add(expansion.Note(diag.Errorf(open.Range, "%s is never closed", open.Text).
			Notef("write %s after the last line of its body", end)))
	}
	return nil, false
}
