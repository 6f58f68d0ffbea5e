// Package assembler turns the statements of a source into a program whose
// sizes are settled.
//
// # The problem
//
// The size of an instruction can depend on a label further down (jmp short or
// near), the label depends on the sizes before it, and %if, TIMES and EQU may
// ask for both. So the assembler goes over the source in passes, as nasm does.
// In the first pass a symbol without a value yet is taken to be whatever makes
// its user smallest. Every later pass takes, for a symbol defined further down,
// its value of the pass before. When a pass gives every symbol the value that
// it had before, the sizes are settled, and one more pass makes the fragments.
//
// # Why it ends
//
// Starting from the smallest sizes, distances between labels only grow, so
// every jump that became near stays near, and the passes reach the least
// solution. A source can break this by making something smaller when a label
// moves up (TIMES, ALIGN, %if). Such sources mostly settle as well; those that
// don't are stopped by a limit on passes and the symbol that still moves is named.
//
// # Why it is fast
//
// Statements are parsed once and kept, unless a preprocessor condition asked
// for a label, in which case another pass can see other statements. A statement
// that mentions no symbol is encoded once, and only its bytes are kept; of others the
// syntax tree, packed into a tenth of its room (lang.AppendPacked). One whose size can't depend on its
// symbols (an address in a full-width field) is passed over until the last
// pass: the passes between go from label to label and from branch to branch.
package assembler

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/object"
	"tasm/parser"
	"tasm/program"
)

// Options are what an assembly depends on besides its source.
type Options struct {
	// Target is the system to build for, "linux/386" or "linux/amd64", or ""
	// for the first one that the source names.
	Target string
	// FormatName is what the source is told to be assembled to, "" for the usual name:
	// records of a flat binary have names of their own.
	FormatName string
	// Flat is set when the result will be a flat binary: code is 16 bits wide
	// until the source says otherwise, and ORG is known.
	Flat bool
	// Object is the format of the relocatable object that the result will be, or nil.
	Object *object.Format
	// DebugFormat is what the source is told of the debug information that the object
	// will have; "" for none.
	DebugFormat string
	// Optimize is how short instructions are made.
	Optimize x86.Optimization
	// Joined is set where the program will be joined with others: what is COMMON
	// has no room of its own yet.
	Joined bool
	// Affixes are put around the names of symbols.
	Affixes program.Affixes
	// IncludeDirs are searched by %include and incbin.
	IncludeDirs []string
	// Defines are macros defined before the source is read: NAME or NAME=VALUE.
	Defines []string
	// Prelude are lines read before the source.
	Prelude []string
	// IgnoreLine leaves %line without effect.
	IgnoreLine bool
	// IncludeAsNasm looks for included files where nasm does.
	IncludeAsNasm bool
	// ReadFile reads included files.
	ReadFile func(name string) ([]byte, error)
	// Environ looks up an environment variable for %!NAME; there is none when nil.
	Environ func(name string) (string, bool)
	// Now is the time that __?DATE?__ and its like tell, in seconds since 1970.
	Now int64
	// MaxErrors is behind how many errors the assembly ends, as a diag.Bag counts them.
	MaxErrors int
	// MaxLines bounds the lines that macros and %rep make, and with them the words in
	// them; 0 is ten million.
	MaxLines int
	// Limits are bounds by nasm's names for them (parser.Limits).
	Limits map[string]int64
	// Plain leaves the source without preprocessing.
	Plain bool
	// Turbo takes some words of Turbo Assembler, as nasm does with -t.
	Turbo bool
	// Instructions keeps in each code fragment the instruction that it
	// encodes, for layouts that choose among encodings.
	Instructions bool
	// Lines keeps where each statement's bytes are, for debuggers and listings.
	Lines bool
	// Listing is told of what is read and placed in the last pass; nil for nobody.
	Listing Listing
	// ListAlways lists a source of which lines could not be read, too, as far as the
	// first pass knows it.
	ListAlways bool

	wholly bool // the first pass reads on behind instructions that don't exist
}

// Listing follows the last pass line by line.
type Listing interface {
	// Begin is the start of a pass that may be the last, or with lengths of the first,
	// in which values are not known yet.
	Begin(lengths bool)
	// Line is told of each line that is read, how deep in files and macros it
	// stands and whether it is in the body of a macro.
	Line(at diag.Range, depth int, macro bool)
	// Note is told of what Shows asks for besides.
	Note(depth int, text string)
	Shows() parser.Shown
	// Place is told of what a statement makes, offset bytes into a section.
	Place(f *program.Fragment, offset int64, section lang.SegmentID)
}

// format is the output format as nasm names it.
func (o *Options) format() string {
	switch {
	case o.FormatName != "":
		return o.FormatName
	case o.Object != nil:
		return o.Object.Name
	case o.Flat:
		return "bin"
	case o.Target == linux.X8664.Target:
		return "elf64"
	}
	return "elf32"
}

// Assemble assembles the file root. The program is nil when there are errors.
func Assemble(files *diag.Files, root diag.FileID, opts Options) (*program.Program, *diag.Bag) {
	a := &assembler{
		opts:    opts,
		files:   files,
		symbols: map[string]*symbol{},
		named:   map[string]*section{},
		parser:  NewParser(files, opts),
		root:    root,
		incbin:  map[included][]byte{},
	}
	if opts.Listing != nil {
		a.parser = newParser(files, opts, &lastListing{a, opts.Listing})
	}
	p, messages := a.run()
	if a.cut && !messages.Full(diag.Error) { // an instruction was right in the last pass: nothing is known of what was not read
		opts.wholly = true
		return Assemble(files, root, opts)
	}
	return p, messages
}

// NewParser makes the parser that reads a source for an assembly with opts.
func NewParser(files *diag.Files, opts Options) *parser.Parser {
	return newParser(files, opts, nil)
}

// lastListing tells a listing of the pass that may be the last.
type lastListing struct {
	*assembler
	Listing
}

func (l *lastListing) Line(at diag.Range, depth int, macro bool) {
	if l.listing() {
		l.Listing.Line(at, depth, macro)
	}
}

func (l *lastListing) Note(depth int, text string) {
	if l.listing() {
		l.Listing.Note(depth, text)
	}
}

// listing reports whether the pass is listed: the last one, unless a line could not
// be read. Then the first one stands, if the listing is asked for all the same.
func (a *assembler) listing() bool {
	return a.opts.Listing != nil && (a.final && !a.misread || a.pass == 1 && a.opts.ListAlways)
}

func newParser(files *diag.Files, opts Options, lister parser.Lister) *parser.Parser {
	prelude := opts.Prelude
	if opts.Object != nil {
		prelude = slices.Concat(opts.Object.Macros, prelude)
	}
	return parser.New(parser.Config{
		Vocabulary:    x86.Vocabulary{},
		IncludeDirs:   opts.IncludeDirs,
		Defines:       opts.Defines,
		Prelude:       prelude,
		IncludeAsNasm: opts.IncludeAsNasm,
		IgnoreLine:    opts.IgnoreLine,
		ReadFile:      opts.ReadFile,
		Files:         files,
		Format:        opts.format(),
		DebugFormat:   opts.DebugFormat,
		Lister:        lister,
		Environ:       opts.Environ,
		Now:           opts.Now,
		MaxLines:      opts.MaxLines,
		Limits:        opts.Limits,
		Plain:         opts.Plain,
		Turbo:         opts.Turbo,
		Texts:         opts.Object == object.Trace,
	})
}

type assembler struct {
	opts   Options
	files  *diag.Files
	parser *parser.Parser
	root   diag.FileID

	// What outlives a pass.
	symbols   map[string]*symbol // without a number: local ones, and those with reserved names
	room      lang.Slab[symbol]  // for them
	order     []*symbol          // in order of first mention
	numbered  []*symbol          // those with a number of the parser, by it
	sections  []*section
	named     map[string]*section // the same by their names
	segments  lang.SegmentID      // how many segment numbers are taken
	specials  map[lang.SegmentID]string
	incbin    map[included][]byte
	syntax    *diag.Bag // what the parser said when it last read the source
	lines     lineStore
	dependent bool // a condition asked for labels: every pass reads the source again

	// The state of one pass.
	pass         int
	final        bool
	changed      *symbol // a symbol that got another value in this pass
	changes      int     // how many did
	changing     int     // the last pass in which one did
	fewest       int     // changes of a pass so far
	stalled      int     // passes since
	moved        bool    // a section got another size
	misread      bool    // the parser has rejected a line, in any pass
	wrong        int     // instructions that don't exist whatever symbols are, at different places
	cut          bool    // tooWrong
	unsettled    bool    // the last pass comes before sizes have settled
	messages     *diag.Bag
	warnings     diag.SourceWarnings
	bits         int
	used64       bool           // some code was assembled for 64 bits
	code16       diag.Range     // the first code for 16 bits
	cpu          int            // the level that CPU named
	float        lang.FloatMode // of FLOAT
	encodings    cpuFlags       // of CPU VEX, EVEX and LATEVEX
	apx          bool           // CPU APX
	defaults     defaults
	lateDefault  bool // DEFAULT or FLOAT changed something behind an instruction
	abi          *linux.ABI
	target       string
	targetAt     diag.Range
	current      *section
	here         int64 // offset of the statement at hand
	parent       string
	out          *program.Program
	recent       *symbol // the label defined last, if data may follow it
	affixes      program.Affixes
	affixed      []*string
	keep         []*lang.Arg // what NO_DEAD_STRIP names
	subsections  bool        // a pragma asks for them, anywhere in the source
	groups       []*group    // of segments, in this pass
	groupIDs     map[string]lang.SegmentID
	declarations int       // of segments and groups in this pass
	table        []*symbol // defined or declared in this pass, in that order
	originSet    bool
	entry        *lang.Symbol

	told64  bool      // that the source is for 64 bits
	near    diag.Near // names of symbols
	said    sayings   // errors in instructions
	doubted sayings   // and warnings

	// The statement at hand.
	expansion *lang.Expansion
	asked     bool // its bytes depend on a symbol, $ or $$
	resizes   bool // its size may
	failed    bool
	inst      x86.Instruction // reused from instruction to instruction
	enc       x86.Encoding
	local     []byte          // scratch for names of local labels
	scratch   []byte          // and for the bytes of data
	fixups    []program.Fixup // and for fields
	pieces    []program.Piece // of the data at hand, where they are traced
}

func (a *assembler) run() (*program.Program, *diag.Bag) {
	most := MaxPasses
	if n, ok := a.opts.Limits["passes"]; ok {
		most = int(min(max(n, 2), MaxPasses)) // the second pass is the first that can find nothing to change
	}
	for a.pass = 1; ; a.pass++ {
		a.runPass()
		if a.syntax.Full(diag.Error) && !a.dependent {
			break
		}
		if a.final && (a.unsettled || a.messages.Errors() > 0 || a.changed == nil && !a.moved) {
			break
		}
		stable := a.pass > 1 && a.changed == nil && !a.moved
		if !stable && (a.pass >= most || a.stalls()) {
			a.reportUnstable()
			break
		}
		a.unsettled = a.cut || !stable && a.misread && a.pass*len(a.order) >= MaxMisreadValues
		a.final = stable || a.unsettled || a.pass >= most
	}
	messages := a.messages
	if a.syntax.Len() > 0 {
		messages = a.syntax
		messages.Append(a.messages)
	}
	messages.Under(&diag.SourceWarnings{}) // what others add stands behind the source
	if messages.Errors() > 0 {
		return nil, messages
	}
	a.out.Passes, a.out.Changing = a.pass, a.changing
	return a.out, messages
}

// stalls reports whether too many passes in a row have changed as many symbols as
// the one before.
func (a *assembler) stalls() bool {
	if a.changes < a.fewest || a.pass == 1 {
		a.fewest, a.stalled = a.changes, 0
		return false
	}
	a.stalled++
	most, ok := a.opts.Limits["stalled-passes"]
	return ok && int64(a.stalled) > most
}

// runPass goes over all statements once.
func (a *assembler) runPass() {
	a.changed, a.changes, a.moved = nil, 0, false
	a.near, a.said, a.doubted, a.told64 = diag.Near{}, sayings{}, sayings{}, false
	a.messages, a.warnings = a.newBag(), diag.SourceWarnings{}
	switch {
	case a.opts.Object != nil:
		a.bits = a.opts.Object.Bits
	case a.opts.Flat:
		a.bits = 16
	default:
		a.bits = 32
	}
	a.table, a.recent, a.keep = a.table[:0], nil, nil
	a.affixes, a.affixed = a.opts.Affixes, a.affixed[:0]
	a.resetCPU()
	if a.listing() {
		a.opts.Listing.Begin(!a.final)
	}
	if a.target != "" {
		a.defaults, a.float = defaults{}, lang.FloatMode{}
	} // else they stay from pass to pass, as in nasm: the last DEFAULT and FLOAT hold for what stands above them
	a.used64, a.lateDefault = false, false
	a.code16 = diag.Range{}
	a.abi, a.target, a.targetAt = nil, "", diag.Range{}
	a.parent = ""
	a.originSet = false
	a.entry = nil
	a.out = &program.Program{}
	for _, s := range a.sections {
		s.begin()
	}
	if a.opts.Target != "" {
		a.setTarget(a.opts.Target)
	}
	a.current = nil
	a.groups, a.declarations = nil, 0
	a.openFirst()

	switch {
	case a.pass == 1 || a.dependent || a.final && a.opts.Listing != nil:
		a.readPass()
	case a.final:
		a.lastPass()
	default:
		a.sizePass()
	}

	if a.changed != nil {
		a.changing = a.pass
	}
	for _, s := range a.sections {
		if s.size != s.previousSize {
			a.moved = true
		}
	}
	if a.final {
		a.finish()
	}
}

// readPass is a pass that takes its statements from the source.
func (a *assembler) readPass() {
	a.syntax = a.newBag()
	stream := a.parser.Pass(a.root, a, a.syntax)
	for s := stream.Next(); s != nil && !a.messages.Full(diag.Error) && !a.cut; s = stream.Next() {
		l := line{statement: s}
		a.statement(&l)
		if !a.keeps(&l) {
			stream.Release()
		}
		a.here = a.current.size // what $ means to a condition before the next statement
		a.cut = a.pass == 1 && a.wrong > 0 && a.tooWrong() && !stream.Dependent()
	}
	a.misread = a.misread || stream.Misread()
	a.dependent = a.dependent || stream.Dependent() || a.lateDefault
	if a.dependent {
		a.lines = lineStore{}
	}
}

// tooWrong reports whether the first pass has met more errors than are kept: then what stands
// behind them is not read, and the next pass is the last. It says nothing of symbols, which
// may be defined further down.
func (a *assembler) tooWrong() bool {
	return !a.syntax.Holds(a.wrong) && !a.opts.wholly && a.opts.Listing == nil
}

// keeps keeps a line for other passes. It reports whether its syntax tree is needed
// any longer.
func (a *assembler) keeps(l *line) bool {
	if a.pass == 1 {
		return a.lines.keep(l, a.joins())
	}
	switch l.statement.Body.(type) {
	case nil, *lang.Instruction, *lang.Data, *lang.Reserve, *lang.Equ:
		return a.final && !a.joins() // as source of a fragment
	}
	return true
}

// sizePass is a pass that only settles sizes.
func (a *assembler) sizePass() {
	var l line
	for k := range a.lines.all {
		if k.inert() {
			a.current.size += k.size
			continue
		}
		a.lines.recall(k, &l)
		a.statement(&l)
		k.size, k.sized = l.size, l.sized
	}
}

// lastPass is the one that makes fragments.
func (a *assembler) lastPass() {
	var l line
	for k := range a.lines.all {
		if a.messages.Full(diag.Error) {
			return
		}
		a.lines.recall(k, &l)
		a.statement(&l)
		if !a.joins() {
			a.lines.nodes.Keep() // as source of a fragment
		}
	}
}

func (a *assembler) newBag() *diag.Bag { return &diag.Bag{MaxErrors: a.opts.MaxErrors} }

// reportUnstable says that the source has no sizes that agree with themselves.
func (a *assembler) reportUnstable() {
	var at diag.Range
	what := "a section's size"
	if a.changed != nil {
		at, what = a.changed.at, "'"+a.changed.name+"'"
	}
	a.messages.Add(diag.Errorf(at, "the sizes don't settle: %s still changes after %d passes", what, a.pass).
		Notef("a size here depends on itself: look for TIMES, ALIGN, EQU or %if that use a label further down"))
}

// fail reports an error in the statement at hand.
func (a *assembler) fail(m *diag.Message) {
	a.failed = true
	a.message(m)
}

// message adds m, and which macros the statement at hand comes from. What other passes
// than the last have to say nobody asks for, nor what a cut one says of symbols.
func (a *assembler) message(m *diag.Message) {
	if a.final && !(a.cut && a.asked) {
		a.messages.Add(a.expansion.Note(m))
	}
}

// errorf starts an error message, and is nil where nobody would read it: behind those
// that are kept.
func (a *assembler) errorf(at diag.Range, format string, args ...any) *diag.Message {
	if !a.heard(diag.Error) {
		return nil
	}
	return diag.Errorf(at, format, args...)
}

// warningf is errorf for warnings.
func (a *assembler) warningf(code string, at diag.Range, format string, args ...any) *diag.Message {
	if !a.heard(diag.Warning) {
		return nil
	}
	return diag.Warningf(code, at, format, args...)
}

func (a *assembler) heard(s diag.Severity) bool {
	if a.final && a.messages.Full(s) {
		a.messages.Leave(s, 1)
		return false
	}
	return a.final
}

// warn reports a doubt about the statement at hand, if there is one. The
// statement is gone over again in the last pass, whose messages count.
func (a *assembler) warn(m *diag.Message) {
	if m != nil {
		a.message(m)
		a.asked = true
	}
}

// finish hands over what the last pass has made.
func (a *assembler) finish() {
	a.expansion = nil
	p := a.out
	p.Target = a.target
	if p.Target == "" && !a.opts.Flat && a.opts.Object == nil {
		p.Target = linux.I386.Target
		if a.used64 {
			p.Target = linux.X8664.Target
		}
	}
	if len(p.Targets) == 0 && p.Target != "" {
		p.Targets = []string{p.Target}
	}
	p.Bits, p.Code16 = a.bits, a.code16
	if abi, ok := linux.ABIFor(p.Target); ok && !a.opts.Flat && a.opts.Object == nil {
		p.Bits = abi.Bits // in which the kernel starts it
	}
	p.Specials = a.specials
	p.Subsections = a.subsections
	a.keepSymbols()
	if p.Segmented != nil {
		a.finishSegments()
	}
	a.finishSections()
	a.finishSymbols()
	if name := a.entry; name != nil {
		p.Entry = a.entrySymbol(name)
	}
}
