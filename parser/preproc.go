package parser

import (
	"math"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// The preprocessor is a stage between the lexer and the grammar: it pulls the
// lines of the source, of included files and of macro bodies one at a time,
// obeys the lines that are directives of its own (%define, %if, %macro ...)
// and hands on the rest, expanded. The consumer finishes with a line before
// it pulls the next, so a condition sees the labels and EQUs above it.
//
// A line goes through three steps, in nasm's order:
//
//  1. What refers to the macro call at hand (%1, %0, %%label, %?) and what
//     belongs to no name (%[...], %!VARIABLE) is substituted: macro_params.go.
//  2. If it starts with a directive, that is obeyed: preproc_directive.go.
//  3. Otherwise single-line macros are expanded (macro_single.go); then, if it
//     calls a multi-line macro, the lines of the body are read next
//     (macro_multi.go); if not, it is handed on.
//
// The results are those of nasm 2.16.01 (see TestLikeNasm), but not where it
// loses its way: %exitmacro leaves a %rep as well; %require reads a file only once; a brace in
// the middle of an argument has no meaning; and only the chosen argument of
// %sel() is looked at.
//
// Tokens are never changed in place: a line in which nothing was substituted
// leaves with the very tokens that the lexer made.

// limits bound what one reading of a source may cost, whatever it says.
type limits struct {
	includes int   // depth of %include
	depth    int   // depth of macro calls, and of single-line macros inside one another
	nesting  int   // %[ inside %[
	reps     int64 // count of one %rep
	calls    int   // calls of multi-line macros inside one of them
	expanded int   // tokens that single-line macros make of a line
	taken    int   // lines of source that are no directives
	lines    int   // lines read from macro and %rep bodies
	emitted  int   // tokens of macro and %rep bodies handed on
	tokens   int   // tokens made by substitution and expansion
	stored   int   // tokens in the bodies of macros
	held     int   // tokens in the arguments of macro calls inside one another
	line     int   // tokens of one line
	text     int   // bytes of one token
	messages int   // different messages
}

var defaultLimits = limits{
	includes: maxIncludes,
	depth:    maxMacroDepth,
	nesting:  maxNesting,
	reps:     maxReps,
	calls:    math.MaxInt,
	expanded: math.MaxInt,
	taken:    maxLines,
	lines:    maxMacroLines,
	emitted:  maxEmitted,
	tokens:   maxTokens,
	stored:   maxStored,
	held:     maxHeld,
	line:     maxLineTokens,
	text:     maxTokenBytes,
	messages: maxMessages,
}

// frameKind is what the lines of a frame come from.
type frameKind uint8

const (
	fileFrame frameKind = iota
	macroFrame
	repFrame
	textFrame // lines made up by the preprocessor
)

// frame is one place that lines are read from; the innermost is read first.
type frame struct {
	kind frameKind

	lexer *lexer // of a file

	label bool // the line is what stood before a macro call

	body []bodyLine // of a macro or a %rep
	next int        // index of the next line of body
	left int64      // further rounds of a %rep
	over bool       // %exitrep: nothing more of this frame is wanted

	call *macroCall // the macro call at hand, for %1; a %rep has that of its surroundings
	done *multiMacro

	// begun is where the tokens of the frame's lines begin in the arena, once the
	// first has been read: from there on they are not needed for the next.
	begun   mark
	reading bool

	expansion *lang.Expansion
	opened    diag.Range // the %include, macro call or %rep
	conds     int        // how many %if were open when the frame was
}

// bodyLine is a line of a macro or %rep body, lexed once.
type bodyLine struct {
	Line
	percent  bool // has a Directive token
	trailing bool // a blank stood behind it
}

// preprocessor holds the state of one reading of a source.
type preprocessor struct {
	host   host
	bag    *diag.Bag
	files  *diag.Files
	env    recorder
	limits limits
	pass   int

	frames []frame
	conds  []conditional
	// skipping is set while the innermost %if wants its lines left out.
	skipping bool
	contexts []*context

	single     macroTable[*singleMacro]
	multi      macroTable[*multiMacro]
	hidden     map[string]bool           // predefined macros taken back by %undef
	used       map[string]bool           // packages read by %use
	doubtful   bool                      // errors at hand are none to nasm
	noAliases  bool                      // %aliases off
	userErrors int                       // of %error
	seen       map[diag.FileID]bool      // files read by %include or %require
	own        bool                      // tasm's own macros are being read
	magic      map[string][]*singleMacro // predefined macros asked for so far

	numbering numbering  // of %line
	stack     stackFrame // of %stacksize, %arg and %local
	instead   []Token    // what a directive leaves for the grammar, if anything
	plain     bool       // see host
	turbo     bool       // see Config
	alone     bool       // lines of which nothing is left are given out too
	spaced    bool       // a blank stood behind the line at hand
	trailing  bool       // what stood at the end of the line at hand has become nothing
	keepEmpty bool       // an empty last argument counts (%pragma preproc sane_empty_expansion)

	unique int  // number for the next macro call or context, as in ..@3.label
	raw    bool // text of an environment variable is about that needs lexing
	fatal  bool // %fatal, or a limit was hit: nothing more is read

	lines, emitted, tokens, stored, held, nesting int // see limits
	calls, expanded, taken                        int

	lister Lister // Config.Lister
	shown  Shown  // what it asks for

	reported map[report]bool

	line     Line  // the line at hand, as read
	fileLine Line  // the room that the lexer writes to
	arena    arena // of tokens made for the line at hand and the calls that it is in
	kept     arena // of what is kept for longer: the bodies of macros
	scratch  []Token
	spare    []*expander
	depth    int // of expanders in use
}

// host is what the preprocessor needs of the world.
type host interface {
	// include reads the file that %include or %use names; from is the file
	// that asks. The error says what is wrong with the file.
	include(name string, from diag.FileID) (diag.FileID, error)
	// source is the text of a file.
	source(file diag.FileID) string
	// defines are the macros defined before the source is read, NAME or NAME=VALUE.
	defines() []string
	// preludeFile is a file to read before the source, 0 for none.
	preludeFile() diag.FileID
	// lister follows the reading; it may be nil.
	lister() Lister
	// expression parses the expression at the start of tokens and returns what
	// follows it.
	expression(tokens []Token) (lang.Expr, []Token, *diag.Message)
	// environ looks up an environment variable.
	environ(name string) (string, bool)
	// plain reports whether only %line means something.
	plain() bool
	turbo() bool
	// alone reports whether no assembler follows: lines of which nothing is left are wanted, and the pass is 0.
	alone() bool
	// now is the time to report, in seconds since 1970.
	now() int64
	// ownLanguage reports whether the source is one for tasm, after TARGET.
	ownLanguage() bool
	// format is the name of the output format in nasm's words: bin, elf32, elf64.
	format() string
	// debugFormat is the kind of debug information, "" for none.
	debugFormat() string
	// ignoresLine reports whether %line does nothing.
	ignoresLine() bool
	// limits bound the reading.
	limits() limits
}

// recorder notes whether an expression asked for anything that may change
// from one pass to the next.
type recorder struct {
	lang.Env
	asked bool
}

func (r *recorder) Symbol(s *lang.Symbol) (lang.Value, *diag.Message) {
	r.asked = true
	return r.Env.Symbol(s)
}

func (r *recorder) Here() lang.Value {
	r.asked = true
	return r.Env.Here()
}

func (r *recorder) SectionStart() lang.Value {
	r.asked = true
	return r.Env.SectionStart()
}

// Bits implements lang.Moded.
func (r *recorder) Bits() int {
	if m, ok := r.Env.(lang.Moded); ok {
		return m.Bits()
	}
	return 64
}

// Warn passes on what the evaluation of an expression warns of.
func (r *recorder) Warn(m *diag.Message) {
	if w, ok := r.Env.(lang.Warner); ok {
		w.Warn(m)
	}
}

// dependent reports whether the lines given out so far depend on values of
// symbols, so that the source must be read again in the next pass.
func (p *preprocessor) dependent() bool { return p.env.asked }

func (p *preprocessor) demanded() int { return p.userErrors }

// newPreprocessor starts reading file.
func newPreprocessor(h host, files *diag.Files, bag *diag.Bag, env lang.Env, pass int, file diag.FileID) *preprocessor {
	p := &preprocessor{
		host:   h,
		bag:    bag,
		files:  files,
		env:    recorder{Env: env},
		limits: h.limits(),
		pass:   pass,
	}
	p.lister, p.alone = h.lister(), h.alone()
	if h.debugFormat() == "" {
		p.hidden = map[string]bool{"__?DEBUG_FORMAT?__": true}
	}
	if p.lister != nil {
		p.shown = p.lister.Shows()
	}
	p.turbo = h.turbo()
	if p.plain = h.plain(); p.plain {
		p.frames = append(p.frames, frame{kind: fileFrame, lexer: p.lexer(file)})
		return p
	}
	p.loadStandard()
	if p.alone {
		p.defineAs(Token{Kind: Identifier, Text: "__?ALONE?__"}, false, nil)
	}
	for _, text := range h.defines() {
		name, value, _ := strings.Cut(text, "=")
		p.defineAs(Token{Kind: Identifier, Text: name}, false, lexText(value, diag.Range{}))
	}
	p.frames = append(p.frames, frame{kind: fileFrame, lexer: p.lexer(file)})
	if prelude := h.preludeFile(); prelude != 0 {
		p.frames = append(p.frames, frame{kind: fileFrame, lexer: newLexer(prelude, h.source(prelude))})
	}
	return p
}

// lexer returns a lexer for a file of the source.
func (p *preprocessor) lexer(file diag.FileID) *lexer {
	lx := newLexer(file, p.host.source(file))
	lx.blanks = p.alone
	return lx
}

// top is the innermost frame; nil at the end of the source.
func (p *preprocessor) top() *frame {
	if len(p.frames) == 0 {
		return nil
	}
	return &p.frames[len(p.frames)-1]
}

// call is the macro call that %1 refers to, or nil.
func (p *preprocessor) call() *macroCall {
	if f := p.top(); f != nil {
		return f.call
	}
	return nil
}

// expansion is the chain of calls that the line at hand comes from.
func (p *preprocessor) expansion() *lang.Expansion {
	if f := p.top(); f != nil {
		return f.expansion
	}
	return nil
}

// nextLine returns the next line for the grammar and where it comes from.
// The line is good until the next call.
func (p *preprocessor) nextLine() (Line, *lang.Expansion, bool) {
	for !p.fatal && !p.stopped() {
		f := p.top()
		if f == nil {
			break
		}
		line, percent, ok := p.readListed(f)
		if !ok {
			p.leave()
			continue
		}
		if line, ok = p.process(line, percent); ok {
			if p.lister != nil && p.shown.Expanded && len(line.Tokens) > 0 {
				p.listNote(" ;;; "+p.lineText(line), false)
			}
			return line, p.expansion(), true
		}
	}
	return Line{}, nil, false
}

// stopped reports whether there are more errors than are kept. As long as the lines may
// be others in the next pass, so may the errors.
func (p *preprocessor) stopped() bool { return p.bag.Full(diag.Error) && !p.dependent() }

// readListed is read, which tells whoever lists the source.
func (p *preprocessor) readListed(f *frame) (line Line, percent, ok bool) {
	if line, percent, ok = p.read(f); ok && p.lister != nil {
		p.listed(f)
	}
	return line, percent, ok
}

// read returns the next line of f as it stands there, and whether it has a
// Directive token.
func (p *preprocessor) read(f *frame) (line Line, percent, ok bool) {
	if !f.reading {
		f.begun, f.reading = p.arena.at, true
	}
	p.arena.at = f.begun
	if f.kind == fileFrame {
		if !f.lexer.next(&p.fileLine) {
			return Line{}, false, false
		}
		p.line = p.fileLine
		if p.turbo {
			turboDirective(p.line.Tokens)
		}
		return p.line, hasDirective(p.line.Tokens), true
	}
	for {
		if f.over {
			return Line{}, false, false
		}
		if f.next < len(f.body) {
			break
		}
		if f.left <= 0 {
			return Line{}, false, false
		}
		f.left--
		f.next = 0
		if p.lines++; len(f.body) == 0 {
			f.left = 0
		}
	}
	if p.lines++; p.lines > p.limits.lines {
		p.giveUp(f.opened, "macros and %s blocks have made more than %d lines", "%rep", p.limits.lines)
		return Line{}, false, false
	}
	l := &f.body[f.next]
	p.spaced = l.trailing
	f.next++
	p.line = l.Line
	if f.placed() {
		p.line = p.placed(p.line, f.opened)
	}
	return p.line, l.percent, true
}

// countLine counts a line that the assembler gets.
func (p *preprocessor) countLine(line Line) {
	if p.taken++; p.taken > p.limits.taken {
		p.giveUp(line.Range, "the source has more than %d lines", p.limits.taken)
	}
}

// placed reports whether the lines of f get the place of its call.
func (f *frame) placed() bool { return f.kind != textFrame && f.call != nil && f.call.macro.own }

// placed gives the line of one of tasm's own macros the place of its call.
func (p *preprocessor) placed(line Line, at diag.Range) Line {
	line.Tokens = p.arena.copy(line.Tokens)
	for i := range line.Tokens {
		line.Tokens[i].Range = at
	}
	line.Range = at
	return line
}

// process takes a line through the steps; ok is false when nothing of it is
// left for the grammar.
func (p *preprocessor) process(line Line, percent bool) (_ Line, ok bool) {
	p.trailing = false
	if len(line.Tokens) == 0 {
		p.countLine(line)
		return line, p.alone && !p.skipping
	}
	if p.skipping {
		if percent && !p.earlyLine(line) {
			p.skippedDirective(line)
		}
		return line, false
	}
	if p.plain {
		switch {
		case line.Tokens[0].Kind != Directive:
			p.countLine(line)
			return line, true
		case strings.EqualFold(line.Tokens[0].Text, "%line"):
			p.directive(line)
		}
		return line, false // other directives are left out, as in nasm
	}
	if percent {
		line.Tokens = p.substitute(line.Tokens)
		if len(line.Tokens) == 0 {
			return line, p.alone
		}
		if p.directive(line) {
			if p.instead == nil {
				return line, false
			}
			line.Tokens, p.instead = p.instead, nil
		}
	}
	var expanded bool
	p.expanded = 0
	line.Tokens, expanded = p.expandAll(line.Tokens)
	if p.callMulti(line) || p.fatal {
		return line, false
	}
	p.countLine(line)
	if percent || expanded || p.raw {
		line.Tokens = p.finish(line.Tokens)
	}
	if f := p.top(); f.kind != fileFrame {
		if p.emitted += len(line.Tokens); p.emitted > p.limits.emitted {
			p.giveUp(f.opened, "macros and %s blocks have made more than %d words of source", "%rep", p.limits.emitted)
			return line, false
		}
	}
	p.trailing, p.spaced = p.trailing || p.spaced, false
	return line, len(line.Tokens) > 0 || p.alone
}

// leave ends the innermost frame.
func (p *preprocessor) leave() {
	f := p.top()
	// A macro may open an %if that the text after the call closes; a file may
	// not, and what a %rep opened has been left by %exitrep.
	switch {
	case f.kind == fileFrame:
		for _, c := range p.conds[min(f.conds, len(p.conds)):] {
			p.report(diag.Errorf(c.opened, "%s is never closed", c.name).
				Notef("write %s after the last line that it governs", "%endif"))
		}
		p.dropConds(f.conds)
	case f.over:
		p.dropConds(f.conds)
	}
	ends := false
	if m := f.done; m != nil {
		m.active--
		p.held -= f.call.held
		ends = m.active > 0 && !p.host.ownLanguage()
	}
	at, done := f.opened, f.done
	p.frames = p.frames[:len(p.frames)-1]
	if ends {
		// nasm 2.16.01 loses its way where a macro has called itself, and the
		// source ends there.
		m := diag.Warningf("other", at, "to nasm the source ends after this call, as a macro calls itself here")
		for i := range p.frames {
			if g := &p.frames[i]; g.kind == repFrame || g.kind == macroFrame && g.done != done {
				m.Severity = diag.Error // it crashes
			}
		}
		p.report(m.Notef("count with %s and repeat with %s instead", "%assign", "%rep"))
		p.frames, p.conds, p.skipping = p.frames[:0], p.conds[:0], false
	}
}

// push makes f the frame that is read next.
func (p *preprocessor) push(f frame) bool {
	if len(p.frames) >= p.limits.depth {
		p.giveUp(f.opened, "macro calls are more than %d deep", p.limits.depth)
		return false
	}
	f.conds = len(p.conds)
	p.frames = append(p.frames, f)
	return true
}

// report identifies a message that has been given. A loop gives it only once.
type report struct {
	at   diag.Range
	text string
}

// report adds a message, with the calls that its line comes from.
func (p *preprocessor) report(m *diag.Message) {
	r := report{m.Range, m.Text}
	if p.reported[r] || p.fatal {
		return
	}
	if p.reported == nil {
		p.reported = make(map[report]bool)
	}
	p.reported[r] = true
	if p.doubtful && m.Severity == diag.Error {
		m.Severity, m.Code = diag.Warning, "other"
		m.Notef("to nasm this is no error: it skips everything up to %s", "%endif")
	}
	p.bag.Add(p.expansion().Note(m))
	if len(p.reported) == p.limits.messages {
		p.bag.Add(diag.Errorf(m.Range, "the preprocessor stops here, after %d messages", p.limits.messages))
		p.fatal = true
	}
}

// errorf reports an error.
func (p *preprocessor) errorf(r diag.Range, format string, args ...any) {
	p.report(diag.Errorf(r, format, args...))
}

// giveUp reports an error after which nothing more is read.
func (p *preprocessor) giveUp(r diag.Range, format string, args ...any) {
	p.doubtful = false
	p.errorf(r, format, args...)
	p.fatal = true
}

// tooLong ends the reading at a line that macros have made too long.
func (p *preprocessor) tooLong(r diag.Range) {
	p.giveUp(r, "macros make more than %d words of this line", p.limits.line)
}

// charge counts n tokens made at r; it reports false when there have been too many.
func (p *preprocessor) charge(n int, r diag.Range) bool {
	if p.tokens += n; p.tokens > p.limits.tokens {
		p.giveUp(r, "macros have made more than %d words of text", p.limits.tokens)
	}
	return !p.fatal
}

// store counts n tokens kept in a macro defined at r.
func (p *preprocessor) store(n int, r diag.Range) bool {
	if p.stored += n; p.stored > p.limits.stored {
		p.giveUp(r, "the bodies of all macros have more than %d words", p.limits.stored)
	}
	return !p.fatal
}

func hasDirective(tokens []Token) bool {
	for i := range tokens {
		if tokens[i].Kind == Directive {
			return true
		}
	}
	return false
}

// arena hands out token slices from chunks, which is cheaper than allocating
// each.
type arena struct {
	chunks [][]Token
	at     mark // of the next slice
}

// mark is a place in an arena: used tokens of a chunk.
type mark struct{ chunk, used int }

const arenaChunk = 1024

// copy returns a copy of tokens that nothing else appends to.
func (a *arena) copy(tokens []Token) []Token {
	n := len(tokens)
	if n == 0 {
		return nil
	}
	if n > arenaChunk/4 {
		return append([]Token(nil), tokens...)
	}
	if a.at.used+n > arenaChunk {
		a.at = mark{chunk: a.at.chunk + 1}
	}
	if a.at.chunk == len(a.chunks) {
		a.chunks = append(a.chunks, make([]Token, arenaChunk))
	}
	out := a.chunks[a.at.chunk][a.at.used : a.at.used+n : a.at.used+n]
	a.at.used += n
	copy(out, tokens)
	return out
}
