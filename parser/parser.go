package parser

import (
	"os"
	"path/filepath"
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
	// ReadFile reads included files; os.ReadFile when nil.
	ReadFile func(name string) ([]byte, error)
	Files    *diag.Files

	// Format is what __?OUTPUT_FORMAT?__ says: bin, elf32 or elf64.
	Format string
	// Environ looks up a variable for %!NAME; no variable exists when nil.
	Environ func(name string) (string, bool)
	// Now is the time that __?DATE?__ and its like tell, in seconds since 1970.
	Now int64
}

// Parser reads sources. It outlives the passes of an assembly and keeps what
// can be kept between them.
type Parser struct {
	cfg      Config
	grammar  *grammar
	sources  map[diag.FileID]string
	included map[string]diag.FileID // by path
	passes   int
}

// New returns a Parser.
func New(cfg Config) *Parser {
	if cfg.ReadFile == nil {
		cfg.ReadFile = os.ReadFile
	}
	return &Parser{
		cfg:      cfg,
		grammar:  newGrammar(cfg.Vocabulary),
		sources:  map[diag.FileID]string{},
		included: map[string]diag.FileID{},
	}
}

// lineSource yields the logical lines that the grammar reads, expanded. A line
// is good until the next call.
type lineSource interface {
	nextLine() (Line, *lang.Expansion, bool)
	// dependent reports whether the lines so far depend on values of symbols.
	dependent() bool
}

// Pass reads the file root from its start. env answers what preprocessor
// conditions ask for; messages takes what is wrong with the source.
func (p *Parser) Pass(root diag.FileID, env lang.Env, messages *diag.Bag) *Stream {
	p.passes++
	p.grammar.reset()
	return &Stream{
		grammar:  p.grammar,
		lines:    newPreprocessor(p, p.cfg.Files, messages, env, p.passes, root),
		messages: messages,
	}
}

// Stream is one reading of a source, statement by statement.
type Stream struct {
	grammar  *grammar
	lines    lineSource
	messages *diag.Bag
}

// Next returns the next statement, or nil at the end of the source. Lines that
// are no statements are reported and skipped. The statement stays good for as
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
		statement, message := s.grammar.parse(line)
		if message != nil {
			s.messages.Add(noteExpansion(message, expansion))
		}
		if statement != nil {
			statement.Expansion = expansion
			return statement
		}
	}
}

// Dependent reports whether the lines so far depended on env, because a
// condition asked for a label or for $. If so the next pass must read the
// source again; otherwise the statements can be used again.
func (s *Stream) Dependent() bool { return s.lines.dependent() }

// source returns the text of a file as a string, which tokens are parts of.
func (p *Parser) source(id diag.FileID) string {
	text, ok := p.sources[id]
	if !ok {
		text = string(p.cfg.Files.Text(id))
		p.sources[id] = text
	}
	return text
}

// include finds and reads the file that %include or %use names: beside the file
// that asks, then in the include directories. A file is read once.
func (p *Parser) include(name string, from diag.FileID) (diag.FileID, error) {
	candidates := []string{name}
	if !filepath.IsAbs(name) {
		candidates = candidates[:0]
		if from != 0 {
			candidates = append(candidates, filepath.Join(filepath.Dir(p.cfg.Files.Name(from)), name))
		}
		for _, dir := range p.cfg.IncludeDirs {
			candidates = append(candidates, filepath.Join(dir, name))
		}
	}
	var first error
	for _, path := range candidates {
		if id, ok := p.included[path]; ok {
			return id, nil
		}
		text, err := p.cfg.ReadFile(path)
		if err == nil && len(text) > diag.MaxFileSize {
			err = &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
		}
		if err == nil {
			id := p.cfg.Files.Add(path, text)
			p.included[path] = id
			return id, nil
		}
		if first == nil || os.IsNotExist(first) && !os.IsNotExist(err) {
			first = err
		}
	}
	return 0, first
}

// environ looks up an environment variable for %!NAME.
func (p *Parser) environ(name string) (string, bool) {
	if p.cfg.Environ == nil {
		return "", false
	}
	return p.cfg.Environ(name)
}

func (p *Parser) now() int64 { return p.cfg.Now }

func (p *Parser) format() string { return strings.ToLower(p.cfg.Format) }
