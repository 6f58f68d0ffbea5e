package spec

import (
	"slices"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/program"
	"tasm/symbols"
)

// Program is a source that is tested, and how it is built.
type Program struct {
	Files *diag.Files
	ID    diag.FileID
	// Assemble has the folders and macros that the source is read with. Where files
	// are read from is up to its ReadFile.
	Assemble assembler.Options
	Layout   layout.Options

	built map[variant]*Built
}

// variant is a way to build a program.
type variant struct {
	target, layout string
	flat           bool
}

// Built is what a source was built into.
type Built struct {
	Target   string
	Layout   string // "" for a flat binary
	Program  *program.Program
	File     *layout.File // nil where there are errors
	Messages *diag.Bag
	Symbols  *symbols.Table
}

// mostFile is the largest file that is made of a program to be tested, in bytes.
const mostFile = 64 << 20

// mostLines is how many lines its macros may make.
const mostLines = 1_000_000

// Build builds the program, once for every way.
func (p *Program) Build(target, strategy string, flat bool) *Built {
	v := variant{target, strategy, flat}
	if b := p.built[v]; b != nil {
		return b
	}
	o := p.Assemble
	o.Target, o.Flat, o.Instructions = target, flat, true
	if o.MaxLines == 0 {
		o.MaxLines = mostLines
	}
	b := &Built{Layout: strategy}
	b.Program, b.Messages = assembler.Assemble(p.Files, p.ID, o)
	if b.Program != nil {
		b.Target = b.Program.Target
		make, _ := layout.ByName(strategy)
		if flat {
			make, b.Layout = layout.Flat, ""
		}
		limits := p.Layout
		if limits.MaxSize == 0 {
			limits.MaxSize = mostFile
		}
		file, said := make(b.Program, limits)
		b.Messages.Append(said)
		if b.Messages.Errors() == 0 {
			b.File = file
		}
	}
	if b.File != nil {
		b.Symbols = symbols.New(b.File, b.Program, p.Files)
	}
	if p.built == nil {
		p.built = map[variant]*Built{}
	}
	p.built[v] = b
	return b
}

// named is what a test calls an instruction by.
type named struct {
	mnemonic x86.Mnemonic
	prefix   x86.PrefixID // of repetition, or lock; NoPrefix for a mnemonic
	sys      bool         // the statement SYS
}

// instructionPrefixes are the prefixes that a test can ask for.
var instructionPrefixes = []string{"lock", "rep", "repe", "repne", "repnz", "repz"}

func instructionNamed(name string) named {
	return named{x86.LookupMnemonic(name), x86.LookupPrefix(name), name == "sys"}
}

// instructionNames are the names that a test can give.
func instructionNames() []string {
	return append(append(x86.Mnemonics(), instructionPrefixes...), "sys")
}

// is reports whether an instruction is what was named.
func (n named) is(m x86.Mnemonic, prefixes []x86.PrefixID) bool {
	if n.prefix != x86.NoPrefix {
		return slices.ContainsFunc(prefixes, n.prefix.Same)
	}
	return !n.sys && synonyms(n.mnemonic, m)
}

// uses returns where the source uses an instruction, nil if it does not.
func (b *Built) uses(n named) *diag.Range {
	for _, s := range b.Program.Sections {
		for i := range s.Fragments {
			f := &s.Fragments[i]
			if f.Kind != program.Code || f.Instruction == nil {
				continue
			}
			_, sys := f.Source.Body.(*lang.Syscall)
			if n.is(f.Instruction.Mnemonic, f.Instruction.Prefixes) || n.sys && sys {
				return &f.Source.Range
			}
		}
	}
	return nil
}

// synonyms reports whether two mnemonics are names of the same instruction, as je and
// jz are: their forms have the same encodings.
func synonyms(a, b x86.Mnemonic) bool {
	if a == b {
		return true
	}
	f, g := x86.Forms(a), x86.Forms(b)
	if len(f) == 0 || len(f) != len(g) {
		return false
	}
	for i := range f {
		if f[i].Opcode() != g[i].Opcode() {
			return false
		}
	}
	return true
}
