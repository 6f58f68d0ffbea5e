package parser

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
)

// Config is what a Parser needs of the world.
type Config struct {
	// Vocabulary tells mnemonics, registers and prefixes from other names. If it
	// also implements lang.WordList, unknown mnemonics get a suggestion.
	Vocabulary lang.Vocabulary
	// IncludeDirs are searched by %include after the directory of the file that
	// asks.
	IncludeDirs []string
	// Defines are macros defined before the source is read: NAME or NAME=VALUE.
	Defines []string
	// Prelude are lines read before the source: what the command line asks of the
	// preprocessor.
	Prelude []string
	// IgnoreLine leaves %line without effect.
	IgnoreLine bool
	// IncludeAsNasm keeps from looking for included files beside the file that
	// asks: as for nasm, they are in the current directory or in IncludeDirs.
	IncludeAsNasm bool
	// ReadFile reads included files; os.ReadFile when nil.
	ReadFile func(name string) ([]byte, error)
	Files    *diag.Files

	// Lister follows the reading; nil for nobody.
	Lister Lister

	// Format is what __?OUTPUT_FORMAT?__ says: bin, elf32 or elf64.
	Format string
	// DebugFormat is what __?DEBUG_FORMAT?__ says, dwarf and the like; without debug
	// information it is "", and there is no such macro.
	DebugFormat string
	// Environ looks up a variable for %!NAME; no variable exists when nil.
	Environ func(name string) (string, bool)
	// Now is the time that __?DATE?__ and its like tell, in seconds since 1970.
	Now int64
	// MaxLines bounds the lines that macros and %rep make, and with them the words in
	// them; 0 is ten million.
	MaxLines int
	// Limits are other bounds by nasm's names for them (see Limits).
	Limits map[string]int64
	// Plain leaves the source without preprocessing: %line alone means something.
	Plain bool
	// Turbo takes some words of Turbo Assembler, as nasm does with -t: see turbo.go.
	Turbo bool
	// Texts keeps what stands behind the names of directives as text.
	Texts bool
}

// Parser reads sources. It outlives the passes of an assembly and keeps what
// can be kept between them.
type Parser struct {
	cfg           Config
	grammar       *grammar
	conditions    *grammar // for the expressions of the preprocessor
	sources       map[diag.FileID]string
	included      map[string]diag.FileID // by path
	passes        int
	prelude       diag.FileID // 0 without one
	preprocessing bool        // no assembler follows
}

// New returns a Parser.
func New(cfg Config) *Parser {
	if cfg.ReadFile == nil {
		cfg.ReadFile = os.ReadFile
	}
	p := &Parser{
		cfg:        cfg,
		grammar:    newGrammar(cfg.Vocabulary),
		conditions: newGrammar(cfg.Vocabulary),
		sources:    map[diag.FileID]string{},
		included:   map[string]diag.FileID{},
	}
	if most, ok := cfg.Limits["eval"]; ok {
		p.grammar.deepest, p.conditions.deepest = int(min(most, maxDepth)), int(min(most, maxDepth))
	}
	p.conditions.words = p.grammar.words // a name has one number
	p.grammar.turbo, p.conditions.turbo = cfg.Turbo, cfg.Turbo
	p.grammar.texts = cfg.Texts
	return p
}

// lineSource yields the logical lines that the grammar reads, expanded. A line
// is good until the next call.
type lineSource interface {
	nextLine() (Line, *lang.Expansion, bool)
	// dependent reports whether the lines so far depend on values of symbols.
	dependent() bool
	// demanded is how many errors the source itself has asked for.
	demanded() int
}

// Pass reads the file root from its start. env answers what preprocessor
// conditions ask for; messages takes what is wrong with the source.
func (p *Parser) Pass(root diag.FileID, env lang.Env, messages *diag.Bag) *Stream {
	p.passes++
	p.grammar.reset()
	p.register()
	return &Stream{
		grammar:  p.grammar,
		lines:    newPreprocessor(p, p.cfg.Files, messages, env, p.passes, root),
		messages: messages,
	}
}

// register makes a file of the prelude, once.
func (p *Parser) register() {
	lines := p.cfg.Prelude
	if p.cfg.Turbo {
		lines = slices.Concat(turboPrelude, lines)
	}
	if len(lines) > 0 && p.prelude == 0 {
		p.prelude = p.cfg.Files.Add("<command line>", []byte(strings.Join(lines, "\n")+"\n"))
	}
}

// Preprocess reads the file root and gives emit the lines that an assembler
// would see, empty ones too, with a blank for one at the start, the place that each comes from and the calls of macros that it
// comes by, nil for none.
func (p *Parser) Preprocess(root diag.FileID, env lang.Env, messages *diag.Bag, emit func(text string, at diag.Range, by *lang.Expansion)) {
	p.passes++
	p.register()
	p.preprocessing = true
	lines := newPreprocessor(p, p.cfg.Files, messages, env, p.passes, root)
	for {
		line, by, ok := lines.nextLine()
		if !ok {
			return
		}
		emit(lines.lineText(line), line.Range, by)
	}
}

// lineText is the line at hand as text, with the blanks at its ends.
func (p *preprocessor) lineText(line Line) string {
	text := detokenize(line.Tokens)
	if len(line.Tokens) > 0 && line.Tokens[0].Space {
		text = " " + text
	}
	if p.trailing {
		text += " "
	}
	return text
}

// Stream is one reading of a source, statement by statement.
type Stream struct {
	grammar  *grammar
	lines    lineSource
	messages *diag.Bag
}

// Next returns the next statement, or nil at the end of the source. Lines that
// are no statements are reported; of those that define a label it is returned, the
// others are skipped. The statement stays good for as
// long as the caller keeps it.
func (s *Stream) Next() *lang.Statement {
	for {
		line, expansion, ok := s.lines.nextLine()
		if !ok {
			return nil
		}
		if len(line.Tokens) == 0 {
			continue
		}
		statement, messages := s.grammar.parse(line)
		for _, m := range messages {
			s.messages.Add(expansion.Note(m))
		}
		if statement != nil {
			statement.Expansion = expansion
			return statement
		}
	}
}

// Number returns the number of a name, as statements have it (lang.Symbol); 0 for a name
// that has none.
func (p *Parser) Number(name string) int32 {
	if name == "" {
		return 0
	}
	return p.grammar.look(name).number
}

// Release says that the statement that Next returned last is not needed any
// longer; the next one may use its room.
func (s *Stream) Release() { s.grammar.release() }

// Dependent reports whether the lines so far depended on env, because a
// condition asked for a label or for $. If so the next pass must read the
// source again; otherwise the statements can be used again.
func (s *Stream) Dependent() bool { return s.lines.dependent() }

// Misread reports whether a line could not be read; %error leaves none of them out.
func (s *Stream) Misread() bool { return s.messages.Errors() > s.lines.demanded() }

// source returns the text of a file as a string, which tokens are parts of.
func (p *Parser) source(id diag.FileID) string {
	text, ok := p.sources[id]
	if !ok {
		text = p.cfg.Files.String(id)
		p.sources[id] = text
	}
	return text
}

// include finds and reads the file that %include or %use names. A file is
// read once.
func (p *Parser) include(name string, from diag.FileID) (diag.FileID, error) {
	beside := ""
	if from != 0 {
		beside = p.cfg.Files.Name(from)
	}
	var first error
	for _, path := range p.candidates(name, beside) {
		if id, ok := p.included[path]; ok {
			return id, nil
		}
		text, err := p.cfg.ReadFile(path)
		if err == nil && len(text) > diag.MaxFileSize {
			err = fmt.Errorf("it is larger than %d bytes", diag.MaxFileSize)
		}
		if err == nil {
			id := p.cfg.Files.Add(path, text)
			p.included[path] = id
			return id, nil
		}
		first = worse(first, err)
	}
	return 0, first
}

// ReadIncluded reads a file as INCBIN does, at the same places as %include. It
// returns the path under which it was found.
func (p *Parser) ReadIncluded(name, from string) (contents []byte, path string, _ error) {
	var first error
	for _, path := range p.candidates(name, from) {
		contents, err := p.cfg.ReadFile(path)
		if err == nil {
			return contents, path, nil
		}
		first = worse(first, err)
	}
	return nil, "", first
}

// candidates are the paths at which a file named in the file from may be:
// beside that file, then, as for nasm, in the current directory and in the
// include directories.
func (p *Parser) candidates(name, from string) []string {
	if filepath.IsAbs(name) {
		return []string{name}
	}
	if p.cfg.IncludeAsNasm {
		paths := []string{name}
		for _, dir := range p.cfg.IncludeDirs {
			if dir != "" && !strings.HasSuffix(dir, "/") {
				dir += "/"
			}
			paths = append(paths, dir+name) // as written, for debug information
		}
		return paths
	}
	paths := []string{filepath.Join(filepath.Dir(from), name)}
	if here := filepath.Clean(name); here != paths[0] {
		paths = append(paths, here)
	}
	for _, dir := range p.cfg.IncludeDirs {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// worse returns the error to tell of: the first that is more than a missing file.
func worse(first, err error) error {
	if first == nil || errors.Is(first, fs.ErrNotExist) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return first
}

// environ looks up an environment variable for %!NAME.
func (p *Parser) environ(name string) (string, bool) {
	if p.cfg.Environ == nil {
		return "", false
	}
	return p.cfg.Environ(name)
}

// expression parses the expression at the start of tokens for a directive of
// the preprocessor, and returns what follows it. The tree is good until the next call.
func (p *Parser) expression(tokens []Token) (lang.Expr, []Token, *diag.Message) {
	p.conditions.Release()
	p.conditions.begin(tokens)
	e := p.conditions.expression()
	if e == nil {
		return nil, nil, p.conditions.failure
	}
	return e, tokens[p.conditions.pos:], nil
}

func (p *Parser) ownLanguage() bool { return p.grammar.target }

func (p *Parser) plain() bool { return p.cfg.Plain }
func (p *Parser) turbo() bool { return p.cfg.Turbo }

func (p *Parser) alone() bool { return p.preprocessing }

func (p *Parser) now() int64 { return p.cfg.Now }

func (p *Parser) limits() limits {
	l := defaultLimits
	if most := p.cfg.MaxLines; most > 0 {
		l.lines, l.emitted, l.tokens = most, 2*most, 5*most
	}
	for name, most := range p.cfg.Limits {
		l.set(name, most)
	}
	return l
}

func (p *Parser) debugFormat() string { return p.cfg.DebugFormat }

func (p *Parser) format() string { return strings.ToLower(p.cfg.Format) }
