package parser

import (
	"slices"

	"tasm/diag"
)

// singleMacro is a macro that stands for part of a line: %define and its kin,
// and what nasm predefines.
type singleMacro struct {
	name   string
	fold   bool // upper and lower case are alike
	params []singleParam
	parens bool // it is called with parentheses; () is one argument, an empty one
	greedy bool // the last parameter takes all further arguments
	alias  bool // %defalias: the body is another macro's name
	body   []bodyToken
	// builtin, if set, makes the expansion instead of body.
	builtin func(p *preprocessor, call Token, args [][]Token) []Token
	// function, if set, does so with any number of arguments.
	function *function
	defined  diag.Range
	busy     bool // being expanded; its name inside stays as it is
}

func (m *singleMacro) macroName() (string, bool) { return m.name, m.fold }

// accepts reports whether m can be called with n arguments.
func (m *singleMacro) accepts(n int) bool {
	if m.function != nil {
		return n >= m.function.min && (m.function.max < 0 || n <= m.function.max)
	}
	return n == len(m.params) || m.greedy && n >= len(m.params)-1
}

// singleParam is how a parameter wants its argument.
type singleParam struct {
	name     string
	evaluate bool // =: as the number that the expression is worth
	quoted   bool // &: as a string; && leaves an argument that is a string as it is
	keep     bool // &&
	verbatim bool // !: with the blanks around it and its braces kept
}

// bodyToken is a token of a macro's body, or its parameter number param-1.
type bodyToken struct {
	Token
	param int
}

// findSingle returns the macros that may answer to the token, the newest first,
// and the name to compare them with. The first answers to it, whatever its
// parameters.
func (p *preprocessor) findSingle(t *Token) (list []*singleMacro, name string) {
	name = t.Text
	switch t.Kind {
	case Identifier:
		list = p.single.list(name)
	case Directive:
		if contextLevel(name) > 0 {
			c, local := p.contextOf(*t)
			if c == nil {
				return nil, ""
			}
			name = local
			list = c.macros.list(local)
		}
	default:
		return nil, ""
	}
	for i, m := range list {
		if matches(m, name) && !(m.alias && p.noAliases) {
			return list[i:], name
		}
	}
	return p.predefined(name), name
}

// expander expands the single-line macros of one line. Its stack holds the
// text still to be looked at, the next token last, so that a macro's arguments
// may come from the text that follows the macro which produced its name.
type expander struct {
	p     *preprocessor
	stack []Token
	out   []Token
	low   int // the lowest height that the stack has had in the current call
	depth int
}

// mayExpand reports whether the identifier t could be the name of a macro.
func (p *preprocessor) mayExpand(t *Token) bool {
	if len(t.Text) > 4 && t.Text[0] == '_' && t.Text[1] == '_' {
		return true
	}
	_, ok := p.single.find(t.Text)
	return ok
}

// expand returns tokens with their single-line macros expanded and %+ obeyed.
func (p *preprocessor) expand(tokens []Token) []Token {
	tokens, _ = p.expandAll(tokens)
	return tokens
}

// expandAll does so, and reports false with the very same tokens if there was
// nothing to do.
func (p *preprocessor) expandAll(tokens []Token) (_ []Token, changed bool) {
	first := -1
	none := len(p.single.lists) == 0
	for i := range tokens {
		t := &tokens[i]
		if t.Kind == Identifier && !(none && t.Text[0] != '_') && p.mayExpand(t) || t.Kind == Directive {
			first = i
			break
		}
	}
	if first < 0 {
		return tokens, false
	}
	at := tokens[first].Range
	for round := 0; !p.fatal; round++ {
		expanded := false
		if tokens, expanded = p.expandOnce(tokens, first); !expanded && round > 0 {
			break
		}
		// Pasting may make new names of macros.
		pasted := false
		if tokens, pasted = p.join(tokens, true); !pasted {
			changed = changed || expanded
			break
		}
		changed = true
		first = 0
		if round == p.limits.depth {
			p.giveUp(at, "pasting with %s makes new macro names without end", "%+")
		}
	}
	return tokens, changed
}

// expandOnce expands the macros of tokens, from number first on.
func (p *preprocessor) expandOnce(tokens []Token, first int) ([]Token, bool) {
	if p.depth > p.limits.nesting {
		p.giveUp(tokens[first].Range, "macros with arguments to evaluate are nested more than %d deep", p.limits.nesting)
		return tokens, false
	}
	if p.depth == len(p.spare) {
		p.spare = append(p.spare, &expander{p: p})
	}
	e := p.spare[p.depth]
	p.depth++
	p.held += len(tokens)
	defer func() {
		p.depth--
		p.held -= len(tokens)
	}()
	if p.depth > 1 && p.held > p.limits.held {
		p.giveUp(tokens[first].Range, "the arguments of macro calls inside one another have more than %d words", p.limits.held)
		return tokens, false
	}

	e.out = append(e.out[:0], tokens[:first]...)
	e.stack = e.stack[:0]
	for i := len(tokens) - 1; i >= first; i-- {
		e.stack = append(e.stack, tokens[i])
	}
	expanded := false
	for len(e.stack) > 0 && !p.fatal {
		e.low = len(e.stack)
		if !e.call() {
			e.out = append(e.out, e.stack[len(e.stack)-1])
			e.stack = e.stack[:len(e.stack)-1]
			continue
		}
		expanded = true
		// What the call pushed has been expanded already.
		for len(e.stack) > e.low {
			e.out = append(e.out, e.stack[len(e.stack)-1])
			e.stack = e.stack[:len(e.stack)-1]
		}
	}
	if !expanded {
		return tokens, false
	}
	return p.arena.copy(e.out), true
}

// call expands the macro whose name is on top of the stack, if it is one:
// it replaces the call by the expansion.
func (e *expander) call() bool {
	p := e.p
	name := e.stack[len(e.stack)-1]
	if name.Kind != Identifier && name.Kind != Directive {
		return false
	}
	if name.Kind == Directive && name.Text[1] == '!' {
		e.stack = e.stack[:len(e.stack)-1]
		e.low = min(e.low, len(e.stack))
		if t, ok := p.environment(name); ok {
			e.stack = append(e.stack, t)
		}
		return true
	}
	list, key := p.findSingle(&name)
	if len(list) == 0 {
		return false
	}
	m := list[0]
	if m.busy && len(list) == 1 {
		return false
	}
	var args [][]Token
	var spaced uint64
	height := len(e.stack) - 1
	if m.parens {
		var ok bool
		if args, spaced, height, ok = e.arguments(name); !ok {
			return false
		}
		n := len(args)
		m = nil
		for _, c := range list {
			if matches(c, key) && c.accepts(n) {
				m = c
				break
			}
		}
		if m == nil {
			w := diag.Warningf("pp-macro-params-single", name.Range,
				"single-line macro '%s' does not take %s", shown(name.Text), plural(n, "argument"))
			if first := list[0]; first.function == nil {
				w.NoteAt(first.defined, "it is defined here with %s", plural(len(first.params), "parameter"))
			}
			p.report(w)
			return false
		}
	}
	if m.busy {
		return false
	}
	if e.depth >= p.limits.depth {
		p.giveUp(name.Range, "macros are nested more than %d deep", p.limits.depth)
		return false
	}
	e.depth++
	m.busy = m.function == nil // a function may stand in its own argument
	outer := e.low
	e.stack = e.stack[:height]
	e.low = height
	blank := false
	switch {
	case m.function != nil:
		if m.function.greedy {
			args, _ = gather(args, 1, spaced, name.Range)
		}
		for i := range args {
			args[i] = bared(args[i])
		}
		e.pushAll(m.function.apply(p, name, args))
	case m.builtin != nil:
		e.pushAll(m.builtin(p, name, args))
	default:
		if m.parens {
			args, spaced = p.prepare(m, args, spaced)
		}
		blank = e.pushBody(m, name, args, spaced)
	}
	if n := len(e.stack); n > e.low {
		e.stack[n-1].Space = name.Space || blank
	} else if n > 0 && name.Space {
		e.stack[n-1].Space = true // what is now beside the token before
	} else if n == 0 && p.depth == 1 {
		p.trailing = true
	}
	e.low = min(e.low, outer)
	m.busy = false
	e.depth--
	return true
}

// pushBody puts the expansion of m onto the stack, the end first: as in nasm,
// a macro name in the body finds its arguments in what follows it, expanded. It
// reports whether the expansion begins with a blank of an argument.
func (e *expander) pushBody(m *singleMacro, name Token, args [][]Token, spaced uint64) (blank bool) {
	something := false // stands after the next parameter to the left; for %,
	for i := len(m.body) - 1; i >= 0; i-- {
		b := &m.body[i]
		if b.param > 0 {
			arg := args[b.param-1]
			something = len(arg) > 0
			verbatim := m.params[b.param-1].verbatim
			if len(arg) == 0 && b.Space || verbatim && spaced>>(b.param-1)&1 != 0 {
				if len(e.stack) > 0 {
					e.stack[len(e.stack)-1].Space = true
				} else if e.p.depth == 1 && verbatim {
					e.p.trailing = true
				}
			}
			blank = verbatim && len(arg) > 0 && arg[0].Space
			for j := len(arg) - 1; j >= 0; j-- {
				t := m.named(arg[j], name)
				if j == 0 {
					t.Space = b.Space || blank
				}
				if !e.push(t) {
					return false
				}
			}
			continue
		}
		t := m.named(b.Token, name)
		t.Range = name.Range
		if t.Kind == Directive && t.Text == "%," {
			if !something {
				continue
			}
			t.Kind, t.Text = Punctuation, ","
		}
		something, blank = true, false
		if !e.push(t) {
			return false
		}
	}
	return blank
}

// named puts the name of m, or the one that it is called by, in place of a
// token that stands for it.
func (m *singleMacro) named(t, call Token) Token {
	if t.Kind == Directive {
		switch t.Text {
		case "%?", "%*?":
			t.Kind, t.Text = call.Kind, call.Text
		case "%??", "%*??":
			t.Kind, t.Text = call.Kind, m.name
		}
	}
	return t
}

// pushAll puts tokens onto the stack, expanded, the end first.
func (e *expander) pushAll(tokens []Token) {
	for i := len(tokens) - 1; i >= 0 && e.push(tokens[i]); i-- {
	}
}

// push puts t onto the stack and expands it there.
func (e *expander) push(t Token) bool {
	if !e.p.charge(1, t.Range) {
		return false
	}
	if len(e.stack) >= e.p.limits.line {
		e.p.tooLong(t.Range)
		return false
	}
	if e.p.expanded++; e.p.expanded > e.p.limits.expanded {
		e.p.giveUp(t.Range, "macros make more than %d words of a line on the way", e.p.limits.expanded)
		return false
	}
	e.stack = append(e.stack, t)
	e.call()
	e.low = min(e.low, len(e.stack))
	return !e.p.fatal
}

// arguments reads the arguments in parentheses below the name on top of the
// stack. It returns them, which of the first 64 have a blank behind them, bit by bit,
// and the height of the stack without the call; ok is false if the name is not
// followed by parentheses.
func (e *expander) arguments(name Token) (args [][]Token, spaced uint64, height int, ok bool) {
	at := len(e.stack) - 2
	if at < 0 || e.stack[at].Text != "(" || e.stack[at].Kind != Punctuation {
		return nil, 0, 0, false
	}
	open := e.stack[at]
	parens, braces := 1, 0
	var arg []Token
	defer func(from int) { e.p.charge(from-at, name.Range) }(at)
	for at--; at >= 0; at-- {
		t := e.stack[at]
		if t.Kind == Punctuation {
			switch t.Text {
			case "{":
				braces++
			case "}":
				braces = max(braces-1, 0)
			case "(":
				if braces == 0 {
					parens++
				}
			case ")":
				if braces > 0 {
					break
				}
				if parens--; parens == 0 {
					if t.Space {
						spaced |= 1 << len(args)
					}
					return append(args, e.p.arena.copy(arg)), spaced, at, true
				}
			case ",":
				if parens == 1 && braces == 0 {
					if t.Space {
						spaced |= 1 << len(args)
					}
					args = append(args, e.p.arena.copy(arg))
					arg = arg[:0]
					continue
				}
			}
		}
		arg = append(arg, t)
	}
	e.p.report(diag.Errorf(open.Range, "the call of macro '%s' has no closing ')'", shown(name.Text)))
	return nil, 0, 0, false
}

// prepare gives each argument the form that its parameter asks for, and
// gathers those of a greedy parameter. spaced says which have a blank behind them.
func (p *preprocessor) prepare(m *singleMacro, args [][]Token, spaced uint64) ([][]Token, uint64) {
	args, spaced = gather(args, len(m.params), spaced, m.defined)
	for i := range args {
		param := &m.params[i]
		if !param.verbatim {
			args[i] = bared(args[i])
		}
		if param.evaluate {
			args[i] = p.expand(args[i])
			if n, ok := p.argument(args[i], m.name, m.defined); ok {
				args[i] = numberTokens(n, argRange(args[i], m.defined))
			}
		}
		if !param.quoted {
			continue
		}
		at := argRange(args[i], m.defined)
		text, constant := p.spelled(args[i])
		if param.verbatim {
			if spaced>>i&1 != 0 {
				text += " "
				constant = false
			}
			spaced &^= 1 << i
		}
		if !param.keep || !constant {
			text = Quote(text)
		}
		args[i] = []Token{{Kind: String, Text: text, Range: at}}
	}
	return args, spaced
}

// gather makes n arguments of a call's: the last is the rest with its commas, and
// those that are missing are empty.
func gather(args [][]Token, n int, spaced uint64, at diag.Range) ([][]Token, uint64) {
	if len(args) > n {
		rest := append([]Token(nil), args[n-1]...)
		for i, a := range args[n:] {
			space := spaced>>(n-1+i)&1 != 0
			rest = append(rest, Token{Kind: Punctuation, Space: space, Text: ",", Range: at})
			rest = append(rest, a...)
		}
		spaced = spaced&(1<<(n-1)-1) | spaced>>(len(args)-1)<<(n-1)
		args = append(args[:n-1:n-1], rest)
	}
	for len(args) < n {
		args = append(args, nil)
	}
	return args, spaced
}

// bared is an argument without the blank in front of it, or without the braces that it
// begins with: a blank within them counts. As in nasm, of other braces behind them only
// the closing ones go.
func bared(tokens []Token) []Token {
	if len(tokens) == 0 {
		return nil
	}
	if !tokens[0].is("{") {
		tokens[0].Space = false
		return tokens
	}
	out := make([]Token, 0, len(tokens))
	depth, space := 1, false
	for _, t := range tokens[1:] {
		switch {
		case t.is("{"):
			depth++
		case t.is("}") && depth > 0:
			if depth--; depth == 0 {
				space = space || t.Space
				continue
			}
		}
		t.Space = t.Space || space
		space = false
		out = append(out, t)
	}
	return out
}

// spelled is the text of an argument, expanded. A macro that stands for nothing leaves
// the blanks around it, and one of its own where it stands alone. constant reports
// whether the text is that of a string constant, quotes included.
func (p *preprocessor) spelled(arg []Token) (text string, constant bool) {
	if len(arg) == 0 {
		return "", false
	}
	end := Token{Kind: rawText} // takes the blank that is last
	tokens := p.expand(append(slices.Clip(arg), end))
	if n := len(tokens) - 1; n >= 0 && tokens[n].Kind == end.Kind && tokens[n].Text == "" {
		tokens, end = tokens[:n], tokens[n]
	}
	if len(tokens) == 0 {
		return " ", false
	}
	text = detokenize(tokens)
	if tokens[0].Space {
		text = " " + text
	}
	if end.Space {
		text += " "
	}
	return text, len(tokens) == 1 && len(text) == len(tokens[0].Text) && tokens[0].Kind == String
}

// argRange is the range of an argument, or of fallback if it is empty.
func argRange(tokens []Token, fallback diag.Range) diag.Range {
	if len(tokens) == 0 {
		return fallback
	}
	return tokens[0].Range.To(tokens[len(tokens)-1].Range)
}

// scope is where the single-line macros of a name live: those of everywhere or
// those of a context.
func (p *preprocessor) scope(name Token) (*macroTable[*singleMacro], string) {
	if name.Kind == Directive {
		c, local := p.contextOf(name)
		if c == nil {
			return nil, local
		}
		return &c.macros, local
	}
	return &p.single, name.Text
}

// define adds m, replacing what it collides with. The name of m is that of
// the token name.
func (p *preprocessor) define(name Token, m *singleMacro) {
	table, local := p.scope(name)
	if table == nil {
		return
	}
	m.name = local
	m.defined = name.Range
	if !m.alias {
		if target := p.aliasOf(table, local); target != "" {
			m.name = target
		}
	}
	list := table.list(m.name)
	for i, old := range list {
		own, fold := old.macroName()
		same := own == m.name || fold || m.fold
		if !same {
			continue
		}
		if old.parens != m.parens {
			p.report(diag.Errorf(name.Range, "macro '%s' is defined both with and without parameters", shown(m.name)).
				NoteAt(old.defined, "the other definition is here"))
			return
		}
		if !m.parens || old.accepts(len(m.params)) {
			if old.fold != m.fold {
				p.report(diag.Warningf("pp-macro-def-case-single", name.Range,
					"this definition of '%s' hides '%s', whose name differs in case", shown(m.name), shown(own)).
					NoteAt(old.defined, "which is defined here"))
				break
			}
			p.stored -= len(old.body)
			list[i] = m
			p.listDefinition(name, m)
			return
		}
	}
	table.add(m)
	delete(p.hidden, m.name)
	p.listDefinition(name, m)
}

// undefine takes away the macros of a name.
func (p *preprocessor) undefine(name Token) {
	table, local := p.scope(name)
	if table == nil {
		return
	}
	if target := p.aliasOf(table, local); target != "" {
		local = target
	}
	table.remove(local, func(m *singleMacro) bool { return matches(m, local) })
	if name.Kind == Identifier && predefinedNames[local] != nil {
		if p.hidden == nil {
			p.hidden = make(map[string]bool)
		}
		p.hidden[local] = true
	}
}
