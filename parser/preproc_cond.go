package parser

import (
	"maps"
	"math"
	"slices"
	"strings"

	"tasm/diag"
)

// conditional is an %if that is open.
type conditional struct {
	name   string // %if, %ifdef ...
	opened diag.Range
	state  condState
	others bool // %else has been seen
}

// condState says what becomes of the lines at hand and of other branches.
type condState uint8

const (
	condTake condState = iota // this branch is read
	condSeek                  // a later branch may be read
	condDone                  // an earlier branch has been read, or none may be
)

// dropConds forgets the conditionals above the first n.
func (p *preprocessor) dropConds(n int) {
	if n < len(p.conds) {
		p.conds = p.conds[:n]
	}
	p.skipping = len(p.conds) > 0 && p.conds[len(p.conds)-1].state != condTake
}

// conditional obeys %if..., %elif..., %else and %endif. It reports false if d
// is another directive.
func (p *preprocessor) conditional(d *command) bool {
	name := d.name.Text
	switch {
	case strings.HasPrefix(name, "%if"):
		test := findCondition(name[len("%if"):])
		if test == nil && p.skipping {
			return true // as in nasm it opens nothing there
		}
		if test == nil {
			m := diag.Errorf(d.name.Range, "there is no condition '%s'", shown(name))
			if best := diag.Nearest(name, directiveNames()); best != "" {
				m.Suggest(d.name.Range, best)
			}
			p.report(m)
		}
		c := conditional{name: name, opened: d.name.Range, state: condDone}
		if !p.skipping && test != nil {
			c.state = p.decide(d, test)
		}
		if len(p.conds) >= p.limits.depth {
			p.giveUp(d.name.Range, "%s is nested more than %d deep", "%if", p.limits.depth)
			return true
		}
		p.conds = append(p.conds, c)
	case strings.HasPrefix(name, "%elif"):
		c := p.openCond(d)
		if c == nil {
			return true
		}
		test := findCondition(name[len("%elif"):])
		switch {
		case c.others:
			p.report(diag.Warningf("pp-else-elif", d.name.Range, "%s after %s is never read", name, "%else").
				NoteAt(c.opened, "of the %s here", c.name))
			c.state = condDone
		case c.state == condSeek:
			c.state = p.decideElse(d, test)
		default:
			c.state = condDone
		}
	case name == "%else":
		c := p.openCond(d)
		if c == nil {
			return true
		}
		d.end()
		switch {
		case c.others:
			p.report(diag.Warningf("pp-else-else", d.name.Range, "a second %s is never read", name).
				NoteAt(c.opened, "of the %s here", c.name))
			c.state = condDone
		case c.state == condSeek:
			c.state = condTake
		default:
			c.state = condDone
		}
		c.others = true
	case name == "%endif":
		if p.openCond(d) == nil {
			return true
		}
		d.end()
		p.dropConds(len(p.conds) - 1)
		return true
	default:
		return false
	}
	p.skipping = p.conds[len(p.conds)-1].state != condTake
	return true
}

// openCond is the %if that d belongs to; that there is none in this file is an
// error.
func (p *preprocessor) openCond(d *command) *conditional {
	least := 0
	for i := len(p.frames) - 1; i >= 0; i-- {
		if p.frames[i].kind == fileFrame {
			least = p.frames[i].conds
			break
		}
	}
	if len(p.conds) <= least {
		p.errorf(d.name.Range, "%s without %s before it", d.name.Text, "%if")
		return nil
	}
	return &p.conds[len(p.conds)-1]
}

// skippedDirective looks at a line that is to be skipped: %if nests, and the
// others may end the skipping.
func (p *preprocessor) skippedDirective(line Line) {
	t := line.Tokens[0]
	if t.Kind != Directive {
		return
	}
	name := directiveWord(t.Text)
	if !strings.HasPrefix(name, "%if") && !strings.HasPrefix(name, "%el") && name != "%endif" {
		return
	}
	d := &command{line: line, name: t, args: line.Tokens[1:], p: p}
	d.name.Text = name
	// In a branch inside a skipped one nothing matters but the nesting.
	p.conditional(d)
}

// condition tells whether what follows %if... holds; ok is false if that makes
// no sense, which has been reported.
type condition func(p *preprocessor, d *command) (holds, ok bool)

// conditions gives what may follow %if, %ifn, %elif and %elifn.
var conditions map[string]condition

func init() {
	conditions = map[string]condition{
		"": func(p *preprocessor, d *command) (bool, bool) {
			n, ok := p.evaluate(p.expand(d.args), d.name.Text, d.name.Range)
			return n != 0, ok
		},
		"ctx":      condContext,
		"def":      condDefined,
		"defalias": condAlias,
		"empty": func(p *preprocessor, d *command) (bool, bool) {
			return len(p.expand(d.args)) == 0, true
		},
		"env":   condEnvironment,
		"id":    func(p *preprocessor, d *command) (bool, bool) { return p.firstIs(d, Identifier), true },
		"num":   func(p *preprocessor, d *command) (bool, bool) { return p.firstIs(d, Number), true },
		"str":   func(p *preprocessor, d *command) (bool, bool) { return p.firstIs(d, String), true },
		"token": func(p *preprocessor, d *command) (bool, bool) { return len(p.expand(d.args)) == 1, true },
		"idn":   func(p *preprocessor, d *command) (bool, bool) { return p.identical(d, false) },
		"idni":  func(p *preprocessor, d *command) (bool, bool) { return p.identical(d, true) },
		"macro": condMacro,
		"difi": func(p *preprocessor, d *command) (bool, bool) {
			p.report(diag.Warningf("other", d.name.Range, "%s never holds, and neither does another branch: nasm knows the word and does nothing with it", d.name.Text).
				Notef("%s compares without regard to case", "%ifnidni"))
			return false, false
		},
		"usable": func(p *preprocessor, d *command) (bool, bool) {
			name, ok := d.packageName()
			return ok && packages[name] != "", ok
		},
		"using": func(p *preprocessor, d *command) (bool, bool) {
			name, ok := d.packageName()
			return p.used[name], ok
		},
	}
}

// findCondition looks up what follows %if or %elif; an n before a condition
// inverts it.
func findCondition(word string) condition {
	if c, ok := conditions[word]; ok {
		return c
	}
	inner, ok := conditions[strings.TrimPrefix(word, "n")]
	if !ok || !strings.HasPrefix(word, "n") {
		return nil
	}
	return func(p *preprocessor, d *command) (bool, bool) {
		holds, ok := inner(p, d)
		return !holds, ok
	}
}

// decide evaluates a condition. Where that fails no branch is read, so that
// one mistake gives one message.
func (p *preprocessor) decide(d *command, test condition) condState {
	holds, ok := test(p, d)
	switch {
	case !ok:
		return condDone
	case holds:
		return condTake
	}
	return condSeek
}

// decideElse evaluates the condition of an %elif whose turn has come. To nasm the line is
// still one that is skipped, in which there are no errors: then no branch is read.
func (p *preprocessor) decideElse(d *command, test condition) condState {
	p.doubtful = !p.host.ownLanguage()
	defer func() { p.doubtful = false }()
	if test == nil {
		p.errorf(d.name.Range, "there is no condition '%s'", shown(d.name.Text))
		return condDone
	}
	// The line was to be skipped, so its parameters are still as written.
	d.args = p.substitute(d.args)
	return p.decide(d, test)
}

// condContext: the innermost context has one of the names.
func condContext(p *preprocessor, d *command) (bool, bool) {
	name := ""
	if n := len(p.contexts); n > 0 {
		name = p.contexts[n-1].name
	}
	holds := false
	for _, t := range d.args {
		if t.Kind != Identifier {
			p.errorf(t.Range, "%s takes names of contexts", d.name.Text)
			return false, false
		}
		holds = holds || strings.EqualFold(name, t.Text)
	}
	return holds, true
}

// condDefined: one of the names is that of a single-line macro.
func condDefined(p *preprocessor, d *command) (bool, bool) {
	for len(d.args) > 0 {
		t, ok := d.macroName()
		if !ok {
			return false, false
		}
		if t.Kind == Identifier {
			if p.isDefined(t.Text) {
				return true, true
			}
		} else {
			c, name := p.contextOf(t)
			if c == nil {
				return false, false
			}
			if _, ok := c.macros.find(name); ok {
				return true, true
			}
		}
	}
	return false, true
}

// isDefined reports whether there is a single-line macro of that name.
func (p *preprocessor) isDefined(name string) bool {
	if target := p.aliasOf(&p.single, name); target != "" {
		name = target
	}
	if m, ok := p.single.find(name); ok && !(m.alias && p.noAliases) {
		return true
	}
	return len(p.predefined(name)) > 0 || strings.HasPrefix(name, "__?") && respelled[strings.Trim(name, "_?")]
}

func condAlias(p *preprocessor, d *command) (bool, bool) {
	for _, t := range d.args {
		if t.Kind != Identifier && (t.Kind != Directive || contextLevel(t.Text) == 0) {
			p.errorf(t.Range, "%s takes names of macros", d.name.Text)
			return false, false
		}
		macros, name := p.scope(t)
		if macros == nil {
			return false, false
		}
		if m, ok := macros.find(name); ok && m.alias || !ok && oldSpelling(name) != "" {
			return true, true
		}
	}
	return false, true
}

// isEnvironment reports whether t is %!NAME.
func isEnvironment(t Token) bool { return t.Kind == Directive && strings.HasPrefix(bare(t.Text), "!") }

// condEnvironment: one of the environment variables exists.
func condEnvironment(p *preprocessor, d *command) (bool, bool) {
	args := d.args
	if !slices.ContainsFunc(args, isEnvironment) {
		args = p.expand(args)
	}
	for _, t := range args {
		name := t.Text
		switch {
		case isEnvironment(t):
			name = bare(name)[1:]
		case t.Kind != Identifier && t.Kind != String:
			p.errorf(t.Range, "%s takes names of environment variables", d.name.Text)
			return false, false
		}
		if _, ok := p.host.environ(unquoted(name)); ok {
			return true, true
		}
	}
	return false, true
}

// firstIs reports whether the argument, expanded, starts with a token of kind
// k; a number may have a sign.
func (p *preprocessor) firstIs(d *command, k Kind) bool {
	tokens := p.expand(d.args)
	if k == Number {
		for len(tokens) > 0 && (tokens[0].is("-") || tokens[0].is("+")) {
			tokens = tokens[1:]
		}
	}
	return len(tokens) > 0 && tokens[0].Kind == k
}

// identical compares what stands before the first comma with what stands after
// it, token by token, for %ifidn. As in nasm
// white space between tokens does not matter, but before the comma it does;
// therefore the first argument is never the same as anything if it is empty.
func (p *preprocessor) identical(d *command, fold bool) (same, ok bool) {
	tokens := p.expand(d.args)
	comma := slices.IndexFunc(tokens, func(t Token) bool { return t.is(",") })
	if comma < 0 {
		p.report(diag.Errorf(d.name.Range, "%s compares two arguments with a comma between them", d.name.Text))
		return false, false
	}
	a, b := tokens[:comma], tokens[comma+1:]
	if len(a) != len(b) || len(a) == 0 || tokens[comma].Space {
		return false, true
	}
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Kind != y.Kind {
			return false, true
		}
		xt, yt := x.Text, y.Text
		if x.Kind == String {
			xt, yt = unquote(xt), unquote(yt)
		}
		if xt != yt && !(fold && strings.EqualFold(xt, yt)) {
			return false, true
		}
	}
	return true, true
}

// condMacro: there is a multi-line macro that takes as many arguments. As in nasm
// its name is meant as it was written where it was defined.
func condMacro(p *preprocessor, d *command) (bool, bool) {
	var want multiMacro
	if len(d.args) == 1 && d.args[0].Kind == Identifier {
		want = multiMacro{name: d.word().Text, max: math.MaxInt}
	} else if !p.macroSignature(d, &want) {
		return false, false
	}
	d.end()
	if strings.EqualFold(want.name, "org") && !slices.Contains([]string{"bin", "ith", "srec", "dbg"}, p.host.format()) {
		return false, true // only flat binaries have it, and what traces them
	}
	for _, m := range p.multi.list(want.name) {
		if m.name == want.name && (want.greedy || m.min <= want.max) && (m.greedy || want.min <= m.max) {
			return true, true
		}
	}
	return false, true
}

// directiveNames are all directives, for "did you mean".
func directiveNames() []string {
	names := slices.Collect(maps.Keys(directives))
	for word := range conditions {
		if word == "difi" {
			continue // nobody means it
		}
		for _, n := range []string{"", "n"} {
			names = append(names, "%if"+n+word, "%elif"+n+word)
		}
	}
	names = append(names, "%else", "%endif")
	slices.Sort(names)
	return names
}
