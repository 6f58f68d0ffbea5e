package parser

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"tasm/diag"
)

// command is a line that is a directive of the preprocessor.
type command struct {
	line Line
	name Token   // %define ..., as written
	args []Token // what has not been read yet
	p    *preprocessor
}

// at is where the next argument stands, or should stand.
func (d *command) at() diag.Range {
	if len(d.args) > 0 {
		return d.args[0].Range
	}
	return d.name.Range
}

// word takes the next argument, a single token; nil at the end.
func (d *command) word() *Token {
	if len(d.args) == 0 {
		return nil
	}
	t := &d.args[0]
	d.args = d.args[1:]
	return t
}

// accept takes the next argument if it is the given operator.
func (d *command) accept(punctuation string) bool {
	if len(d.args) > 0 && d.args[0].is(punctuation) {
		d.args = d.args[1:]
		return true
	}
	return false
}

// count takes a small number.
func (d *command) count() (int, bool) {
	if len(d.args) == 0 {
		return 0, false
	}
	t := &d.args[0]
	text, nolist := strings.CutSuffix(t.Text, ".nolist")
	n, ok := smallNumber(text)
	if !ok {
		return 0, false
	}
	d.args = d.args[1:]
	if nolist {
		d.args = append([]Token{{Kind: Identifier, Text: ".nolist", Range: t.Range}}, d.args...)
	}
	return n, true
}

// smallNumber reads a decimal number that is no larger than a count of
// arguments can be.
func smallNumber(text string) (n int, ok bool) {
	if len(text) == 0 || len(text) > 6 {
		return 0, false
	}
	for i := 0; i < len(text); i++ {
		if !decimal(text[i]) {
			return 0, false
		}
		n = n*10 + int(text[i]-'0')
	}
	return n, true
}

// end says that the directive should end here.
func (d *command) end() {
	if len(d.args) > 0 {
		d.p.report(diag.Warningf("pp-trailing", argRange(d.args, d.name.Range),
			"%s does not look at what follows here", d.name.Text))
		d.args = nil
	}
}

// macroName takes the name of a single-line macro.
func (d *command) macroName() (Token, bool) {
	if name, ok := d.composedName(); ok {
		return name, true
	}
	d.p.report(diag.Errorf(d.at(), "%s needs the name of a macro", d.name.Text))
	return Token{}, false
}

// composedName takes a name, which may be written in parts, as %$a%$n.
func (d *command) composedName() (Token, bool) {
	n := 0
	for n < len(d.args) && (n == 0 || !d.args[n].Space) && (isMacroName(&d.args[n]) || n > 0 && d.args[n].Kind == Number) {
		n++
	}
	if n == 0 {
		return Token{}, false
	}
	name := d.args[:n]
	d.args = d.args[n:]
	if n > 1 {
		name = d.p.expand(name)
	}
	if len(name) == 1 && isMacroName(&name[0]) {
		return name[0], true
	}
	return Token{}, false
}

// isMacroName reports whether a single-line macro can have t as its name.
func isMacroName(t *Token) bool {
	return t.Kind == Identifier || t.Kind == Directive && contextLevel(t.Text) > 0
}

// directives says how each directive is obeyed. Conditions (%if, %elif and so
// on) are not here: see preproc_cond.go.
var directives map[string]func(p *preprocessor, d *command)

func init() {
	directives = map[string]func(p *preprocessor, d *command){
		"%define":    func(p *preprocessor, d *command) { p.defineText(d, false, false) },
		"%idefine":   func(p *preprocessor, d *command) { p.defineText(d, true, false) },
		"%xdefine":   func(p *preprocessor, d *command) { p.defineText(d, false, true) },
		"%ixdefine":  func(p *preprocessor, d *command) { p.defineText(d, true, true) },
		"%assign":    func(p *preprocessor, d *command) { p.assign(d, false) },
		"%iassign":   func(p *preprocessor, d *command) { p.assign(d, true) },
		"%defstr":    func(p *preprocessor, d *command) { p.defineString(d, false) },
		"%idefstr":   func(p *preprocessor, d *command) { p.defineString(d, true) },
		"%deftok":    func(p *preprocessor, d *command) { p.defineTokens(d, false) },
		"%ideftok":   func(p *preprocessor, d *command) { p.defineTokens(d, true) },
		"%defalias":  func(p *preprocessor, d *command) { p.defineAlias(d, false) },
		"%idefalias": func(p *preprocessor, d *command) { p.defineAlias(d, true) },
		"%undef":     (*preprocessor).undef,
		"%undefalias": func(p *preprocessor, d *command) {
			if name, ok := d.macroName(); ok {
				p.single.remove(name.Text, func(m *singleMacro) bool { return m.alias && matches(m, name.Text) })
			}
			d.end()
		},
		"%strlen":  func(p *preprocessor, d *command) { p.strlen(d, false) },
		"%istrlen": func(p *preprocessor, d *command) { p.strlen(d, true) },
		"%strcat":  func(p *preprocessor, d *command) { p.strcat(d, false) },
		"%istrcat": func(p *preprocessor, d *command) { p.strcat(d, true) },
		"%substr":  func(p *preprocessor, d *command) { p.substr(d, false) },
		"%isubstr": func(p *preprocessor, d *command) { p.substr(d, true) },

		"%macro":     func(p *preprocessor, d *command) { p.defineMulti(d, false, false) },
		"%imacro":    func(p *preprocessor, d *command) { p.defineMulti(d, true, false) },
		"%rmacro":    func(p *preprocessor, d *command) { p.defineMulti(d, false, true) },
		"%irmacro":   func(p *preprocessor, d *command) { p.defineMulti(d, true, true) },
		"%unmacro":   func(p *preprocessor, d *command) { p.undefineMulti(d, false) },
		"%unimacro":  func(p *preprocessor, d *command) { p.undefineMulti(d, true) },
		"%endmacro":  (*preprocessor).unopened,
		"%endm":      (*preprocessor).unopened,
		"%exitmacro": (*preprocessor).exitMacro,
		"%rotate":    (*preprocessor).rotate,
		"%rep":       (*preprocessor).repeat,
		"%endrep":    (*preprocessor).unopened,
		"%exitrep":   (*preprocessor).exitRep,

		"%push": (*preprocessor).pushContext,
		"%pop":  (*preprocessor).popContext,
		"%repl": (*preprocessor).replContext,

		"%include":     (*preprocessor).includeFile,
		"%require":     (*preprocessor).requireFile,
		"%use":         (*preprocessor).usePackage,
		"%pathsearch":  func(p *preprocessor, d *command) { p.pathSearch(d, false) },
		"%ipathsearch": func(p *preprocessor, d *command) { p.pathSearch(d, true) },
		"%depend":      func(p *preprocessor, d *command) {},
		"%line":        (*preprocessor).setLine,
		"%clear":       (*preprocessor).clear,
		"%error":       (*preprocessor).userError,
		"%warning":     (*preprocessor).userWarning,
		"%fatal":       (*preprocessor).userFatal,
		"%pragma":      (*preprocessor).pragma,
		"%null":        func(p *preprocessor, d *command) {},
		"%aliases":     (*preprocessor).aliases,
		"%arg":         (*preprocessor).argDirective,
		"%local":       (*preprocessor).localDirective,
		"%stacksize":   (*preprocessor).stackSize,
	}
}

// directive obeys a line that starts with a directive. It reports false if the
// line is none.
func (p *preprocessor) directive(line Line) bool {
	t := line.Tokens[0]
	if t.Kind != Directive {
		return false
	}
	name := directiveWord(t.Text)
	if name == "" {
		return false
	}
	d := &command{line: line, name: t, args: line.Tokens[1:], p: p}
	d.name.Text = name
	if obey, ok := directives[name]; ok {
		obey(p, d)
		return true
	}
	if p.conditional(d) {
		return true
	}
	if findFunction(name) != nil {
		return false
	}
	m := diag.Errorf(t.Range, "there is no directive '%s'", shown(t.Text))
	if best := diag.Nearest(name, directiveNames()); best != "" {
		m.Suggest(t.Range, best)
	}
	p.report(m)
	return true
}

// directiveWord is the directive that the text of a Directive token may be, in
// lower case; "" if it cannot be one (%$name, %1 and the like).
func directiveWord(text string) string {
	if len(text) < 2 {
		return ""
	}
	lower := true
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', c == '_' && i > 1, decimal(c) && i > 1:
		case 'A' <= c && c <= 'Z':
			lower = false
		default:
			return ""
		}
	}
	if lower {
		return text
	}
	return strings.ToLower(text)
}

// edge says which block a directive opens or closes, for skipping over bodies.
type edge uint8

const (
	noEdge edge = iota
	openMacro
	closeMacro
	openRep
	closeRep
)

func blockEdge(text string) edge {
	switch directiveWord(text) {
	case "%macro", "%imacro", "%rmacro", "%irmacro":
		return openMacro
	case "%endmacro", "%endm":
		return closeMacro
	case "%rep":
		return openRep
	case "%endrep":
		return closeRep
	}
	return noEdge
}

// unopened reports an end without a beginning.
func (p *preprocessor) unopened(d *command) {
	opener := "%macro"
	if d.name.Text == "%endrep" {
		opener = "%rep"
	}
	p.errorf(d.name.Range, "%s without %s before it", d.name.Text, opener)
}

// defineText obeys %define and its kin.
func (p *preprocessor) defineText(d *command, fold, expand bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	m := &singleMacro{fold: fold}
	if len(d.args) > 0 && d.args[0].is("(") && !d.args[0].Space {
		if !p.parameters(d, m) {
			return
		}
	}
	tokens := d.args
	if len(m.params) > 0 {
		tokens = m.markParams(tokens)
	}
	if expand {
		tokens = p.expand(tokens)
	}
	m.body = make([]bodyToken, len(tokens))
	for i, t := range tokens {
		m.body[i].Token = t
		if t.Kind == paramName {
			for j := range m.params {
				if m.params[j].name == t.Text {
					m.body[i].param = j + 1
				}
			}
		}
	}
	p.store(len(tokens), name.Range)
	p.define(name, m)
}

// paramName is the kind of a token that names a parameter of the macro at hand;
// no other macro of that name is meant.
const paramName Kind = 201

// markParams returns tokens with the names of the parameters marked.
func (m *singleMacro) markParams(tokens []Token) []Token {
	out := slices.Clone(tokens)
	for i := range out {
		for j := range m.params {
			if out[i].Kind == Identifier && m.params[j].name == out[i].Text {
				out[i].Kind = paramName
			}
		}
	}
	return out
}

// parameter reads one parameter of a single-line macro: a name, and signs before and
// behind it.
func (d *command) parameter() (param singleParam, greedy bool) {
	for len(d.args) > 0 {
		switch t := &d.args[0]; {
		case t.Kind == Identifier && param.name == "":
			param.name = t.Text
		case t.is("="):
			param.evaluate = true
		case t.is("&"):
			param.quoted = true
		case t.is("&&"):
			param.quoted, param.keep = true, true
		case t.is("!"):
			param.verbatim = true
		case t.is("+"):
			greedy = true
		default:
			return param, greedy
		}
		d.args = d.args[1:]
	}
	return param, greedy
}

// parameters reads the parameters of a single-line macro.
func (p *preprocessor) parameters(d *command, m *singleMacro) bool {
	open := d.word()
	m.parens = true
	for {
		param, greedy := d.parameter()
		m.params = append(m.params, param)
		switch {
		case d.accept(")"):
			m.greedy = greedy
			return true
		case greedy && len(d.args) > 0:
			p.errorf(d.at(), "only the last parameter can be followed by '+'")
			return false
		case d.accept(","):
		case len(d.args) == 0:
			p.report(diag.Errorf(open.Range, "the parameters of this macro have no closing ')'"))
			return false
		default:
			p.errorf(d.at(), "%s is no name of a parameter", d.args[0].describe())
			return false
		}
	}
}

// defineAs defines a macro without parameters.
func (p *preprocessor) defineAs(name Token, fold bool, tokens []Token) {
	m := &singleMacro{fold: fold, body: make([]bodyToken, len(tokens))}
	for i, t := range tokens {
		m.body[i].Token = t
	}
	p.store(len(tokens), name.Range)
	p.define(name, m)
}

// undef obeys %undef.
func (p *preprocessor) undef(d *command) {
	if name, ok := d.macroName(); ok {
		d.end()
		p.undefine(name)
	}
}

// defineAlias obeys %defalias.
func (p *preprocessor) defineAlias(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	target, ok := d.macroName()
	if !ok {
		return
	}
	d.end()
	p.define(name, &singleMacro{fold: fold, alias: true, body: []bodyToken{{Token: target}}})
}

// aliasOf is the macro that name is an alias of, or "".
func (p *preprocessor) aliasOf(table *macroTable[*singleMacro], name string) string {
	target := ""
	for range 100 {
		if p.noAliases {
			break
		}
		next := ""
		if m, ok := table.find(name); ok {
			if m.alias {
				next = m.body[0].Text
			}
		} else if table == &p.single && predefinedNames[name] == nil {
			next = oldSpelling(name)
		}
		if next == "" {
			break
		}
		name, target = next, next
	}
	return target
}

// aliases obeys %aliases: without them a name that is an alias is none. What is
// said about it then is about the alias itself.
func (p *preprocessor) aliases(d *command) {
	args := p.expand(d.args)
	switch {
	case len(args) == 0:
		return
	case len(args) == 1 && strings.EqualFold(args[0].Text, "on"):
		p.noAliases = false
		return
	case len(args) == 1 && strings.EqualFold(args[0].Text, "off"):
		p.noAliases = true
		return
	}
	if n, ok := p.evaluate(args, d.name.Text, d.name.Range); ok {
		p.noAliases = n == 0
	}
}

// message is the text that %error and its like show.
func (p *preprocessor) message(d *command) string {
	tokens := p.expand(d.args)
	if len(tokens) == 1 && tokens[0].Kind == String {
		return unquote(tokens[0].Text)
	}
	if text := detokenize(tokens); text != "" {
		return text
	}
	return d.name.Text
}

// userError obeys %error.
func (p *preprocessor) userError(d *command) {
	p.errorf(d.line.Range, "%s", p.message(d))
	p.userErrors++
}

// userWarning obeys %warning.
func (p *preprocessor) userWarning(d *command) {
	p.report(diag.Warningf("user", d.line.Range, "%s", p.message(d)))
}

// userFatal obeys %fatal: nothing more is read.
func (p *preprocessor) userFatal(d *command) { p.giveUp(d.line.Range, "%s", p.message(d)) }

// pragma obeys %pragma: what is not for the preprocessor goes on as [pragma ...].
func (p *preprocessor) pragma(d *command) {
	d.args = p.expand(d.args)
	if len(d.args) == 0 || d.args[0].Kind != Identifier {
		return
	}
	if strings.EqualFold(d.args[0].Text, "preproc") {
		if len(d.args) >= 2 && d.args[1].Text == "sane_empty_expansion" {
			p.keepEmpty = true
		}
		return
	}
	if n := len(d.args); strings.EqualFold(d.args[0].Text, "limit") && n >= 3 {
		if most, ok := LimitValue(d.args[n-1].Text); ok {
			p.limits.set(strings.ToLower(joined(d.args[1:n-1])), most)
		}
	}
	at := d.name.Range
	line := append([]Token(nil), Token{Kind: Punctuation, Text: "[", Range: at}, Token{Kind: Identifier, Text: "pragma", Range: at})
	line = append(line, d.args...)
	line[2].Space = true
	p.instead = append(line, Token{Kind: Punctuation, Text: "]", Range: at})
}

// setLine obeys %line number[+step] [file], with a step that may be negative: it changes what __?LINE?__ and
// __?FILE?__ say, what debug information does, and the messages of 'tasm nasm'.
func (p *preprocessor) setLine(d *command) {
	if p.host.ignoresLine() {
		return
	}
	n, ok := d.lineNumber()
	if !ok {
		p.errorf(d.at(), "%s needs a line number", d.name.Text)
		return
	}
	step := 1
	if len(d.args) > 0 && !d.args[0].Space && (d.args[0].is("+") || d.args[0].is("-")) {
		sign := d.args[0].Text
		d.args = d.args[1:]
		if step, ok = d.lineNumber(); !ok {
			p.errorf(d.at(), "after '%s' comes the number of lines that each line counts for", sign)
			return
		}
		if sign == "-" {
			step = -step
		}
	}
	p.numbering = numbering{
		file:  d.line.Range.File,
		from:  p.files.Position(d.line.Range).Line,
		first: n,
		step:  step,
		name:  p.numbering.name,
	}
	if len(d.args) > 0 {
		name := detokenize(d.args)
		if d.args[0].Kind == String {
			name = unquote(d.args[0].Text)
		}
		p.numbering.name = name
	}
	k := &p.numbering
	p.files.Renumber(k.file, k.from, k.first, k.step, cmp.Or(k.name, p.files.Name(k.file)))
}

// earlyLine obeys %line among lines that are skipped or kept for a macro or a %rep, as
// nasm does when it reads them, and reports whether line is one.
func (p *preprocessor) earlyLine(line Line) bool {
	t := line.Tokens[0]
	if t.Kind != Directive || !strings.EqualFold(t.Text, "%line") {
		return false
	}
	p.setLine(&command{line: line, name: t, args: line.Tokens[1:], p: p})
	return true
}

// lineNumber takes the number of a line, of any base.
func (d *command) lineNumber() (int, bool) {
	if len(d.args) == 0 || d.args[0].Kind != Number {
		return 0, false
	}
	n, wide, bad := parseNumber(d.args[0].Text)
	if wide || bad >= 0 || n > math.MaxInt32 {
		return 0, false
	}
	d.args = d.args[1:]
	return int(n), true
}

// numbering is what %line says of the lines below it.
type numbering struct {
	file              diag.FileID
	from, first, step int
	name              string
}

// lineNumber is the value of __?LINE?__ in the line at hand. Lines of a .nolist macro
// count as the line that calls it.
func (p *preprocessor) lineNumber() int {
	n := 1
	r := p.line.Range
	for i := len(p.frames) - 1; i >= 0 && p.frames[i].kind != fileFrame; i-- {
		if f := &p.frames[i]; f.kind == macroFrame && f.done != nil && f.done.nolist {
			r = f.opened
		}
	}
	if !r.IsZero() {
		n = p.files.Position(r).Line
	}
	if k := &p.numbering; k.file == r.File && k.file != 0 && n > k.from {
		return k.first + (n-k.from)*k.step
	}
	return n
}

// currentFile is the value of __?FILE?__ in the line at hand.
func (p *preprocessor) currentFile() string {
	r := p.line.Range
	if k := &p.numbering; k.file != 0 && k.file == r.File && k.name != "" {
		return k.name
	}
	if r.IsZero() {
		return ""
	}
	return p.files.Name(r.File)
}

// cleared are the words that %clear takes.
var cleared = []string{"global", "context", "ctx", "define", "def", "defalias", "alias", "macro", "all"}

// clear obeys %clear: it forgets macros.
func (p *preprocessor) clear(d *command) {
	for _, t := range d.args {
		if !slices.Contains(cleared, strings.ToLower(t.Text)) {
			p.errorf(t.Range, "%s forgets %s, not '%s'", d.name.Text, strings.Join(cleared, ", "), shown(t.Text))
			return
		}
	}
	p.single = macroTable[*singleMacro]{}
	if len(d.args) == 0 {
		p.multi = macroTable[*multiMacro]{}
		return
	}
	for _, t := range d.args {
		switch strings.ToLower(t.Text) {
		case "context", "ctx":
			for _, c := range p.contexts {
				c.macros = macroTable[*singleMacro]{}
			}
		}
	}
}
