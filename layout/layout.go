// Package layout turns an assembled program into the bytes of a file, and can
// say of every byte why it is what it is.
//
// A Strategy is one way to do that for an executable; Strategies lists them.
// All of them take the same Program and answer with the same File, so that
// whoever reports on a file need not know how it came about. Flat makes files
// without any header; it stands apart, because it is a format and not a choice.
package layout

import (
	"context"

	"tasm/diag"
	"tasm/lang"
	"tasm/layout/elf"
	"tasm/program"
)

// DefaultMaxSize is the largest file that is written unless Options says
// otherwise, in bytes.
const DefaultMaxSize = 1 << 30

// Options are what a layout depends on besides the program.
type Options struct {
	// MaxSize is the largest file that may be made, in bytes; 0 means
	// DefaultMaxSize. It is checked before memory is taken.
	MaxSize int64
	// Loader names the profile of loaders that the file must please (see
	// elf.Profiles), for strategies that have a choice. "" is the default one.
	Loader string
	// MaxCharge is the most memory that the loader may commit for the file
	// beyond what the file holds, in bytes; 0 means elf.DefaultCharge. A
	// lower value than that bounds the addresses that the file occupies too.
	MaxCharge uint64
	// Assume lists the names of what the author grants beyond the contract of
	// a Linux process (see Assumptions).
	Assume []string
	// Effort bounds a search by the number of its steps: 0 is the default, and
	// each unit more doubles it, each less halves it. The same effort gives the
	// same file on every machine.
	Effort int
	// Context ends a search early, which then answers with the best file that
	// it has and has compared with the program as written; nil means never.
	Context context.Context
	// Progress is told how far a search has come, from time to time and from
	// any goroutine, one at a time; it may be nil.
	Progress func(Progress)
}

// Progress is the state of a search.
type Progress struct {
	Best  int64  // size of the best file so far, in bytes; 0 while there is none
	Bound int64  // no file of the space searched is smaller, in bytes
	Doing string // what is being tried, in a few words
}

func (o Options) context() context.Context {
	if o.Context == nil {
		return context.Background()
	}
	return o.Context
}

func (o Options) maxSize() int64 {
	if o.MaxSize <= 0 {
		return DefaultMaxSize
	}
	return o.MaxSize
}

// File is a finished file.
type File struct {
	Bytes []byte
	// Parts explain the bytes, in order of Offset. Together they cover all of
	// them; where parts overlap, the bytes serve several purposes at once.
	Parts []Part
	// Entry is the address of the first instruction; 0 for a flat binary,
	// which has none but its beginning.
	Entry uint64
	// Class is the class of an ELF file, 0 for a flat binary.
	Class elf.Class
	// Report says how the file came about; nil for a flat binary.
	Report *Report
	// Sections tells where the sections lie in memory, in a file that keeps them
	// whole.
	Sections []SectionAddress
}

// SectionAddress is where a section begins in memory.
type SectionAddress struct {
	Section *program.Section
	Address uint64
}

// Report says how an executable came about and what is known about its size.
type Report struct {
	Layout    string // the Strategy that made the file: golf may fall back to another
	Loader    string
	Placement elf.Placement
	Method    Method
	// Bound is a size in bytes: Space says of which files none is smaller.
	// Equal to the file's size it makes the file optimal in that space.
	Bound int64
	Space string
	// CodeBound is a size in bytes that no layout of the file's instructions comes below,
	// whatever their order: none of them needs fewer bytes, and the headers, of which there
	// is one of the program, hold no more of them. It is 0 where that is not known.
	CodeBound int64
	elf.Ask   // of the host
	// Assumptions are those of Options.Assume that the file depends on.
	Assumptions []string
	// Checked says how the file was compared with the program as written.
	Checked string
	// Reasons say why the strategy asked for was not used to the full.
	Reasons []string
	// Obstacles are the statements behind some of the Reasons.
	Obstacles []Obstacle
	// Rewrites lists what was changed and what that saved.
	Rewrites []Rewrite
}

// Method says how the code of a file came about.
type Method uint8

const (
	AsWritten         Method = iota // behind headers in full
	Placed                          // as written, in free header bytes
	SectionsAsWritten               // sections in one piece, behind smaller headers
	Rewritten                       // block by block
	WrittenAnew                     // for the system calls that the program makes
)

var methods = [...]string{
	AsWritten:         "as written",
	Placed:            "as written, placed into free header bytes",
	SectionsAsWritten: "sections as written, behind smaller headers",
	Rewritten:         "rewritten block by block",
	WrittenAnew:       "written anew for its system calls",
}

func (m Method) String() string {
	if int(m) < len(methods) {
		return methods[m]
	}
	return "unknown"
}

// keepsCode reports whether the instructions are those of the source.
func (m Method) keepsCode() bool { return m <= SectionsAsWritten }

// Obstacle is a statement that is in the way of a smaller file.
type Obstacle struct {
	Reason string // one of Report.Reasons
	Range  diag.Range
	Advice string // what would help, as an order; "" where nothing is known to
}

// Optimal reports whether the file is proven to be the smallest of its space.
func (r *Report) Optimal(size int64) bool { return r.Space != "" && r.Bound == size }

// Rewrite is one change to the program as it was written.
type Rewrite struct {
	Range diag.Range // of what was changed; zero where it is no single place
	Text  string     // what was done: "mov ebx, 1 became inc ebx"
	Saved int        // bytes; it may be negative where it makes another change possible
}

// PartKind says what a part of a file is.
type PartKind uint8

const (
	HeaderPart   PartKind = iota // a field of an ELF or program header
	FragmentPart                 // what a statement of the source asked for
	PaddingPart                  // bytes that nothing reads
	CodePart                     // an instruction that runs here, as the processor sees it
	DataPart                     // bytes that the program or the kernel reads for it
)

// Part is a run of bytes in a file that have one purpose.
type Part struct {
	Offset, Size int64  // in the file, in bytes
	Address      uint64 // of the first byte when the program runs; in a flat binary, where the program believes it to be
	Kind         PartKind

	// Field is set for HeaderPart; Index counts the program headers from 0.
	Field *elf.Field
	Index int

	// Section and Fragment are set for FragmentPart.
	Section  *program.Section
	Fragment *program.Fragment

	// Source is the statement behind a CodePart or DataPart; nil where an
	// optimiser put it there by itself.
	Source *lang.Statement
	// Also are further statements behind it, or of a CodePart without Source those that
	// it has a part in.
	Also []*lang.Statement

	// Why says what a PaddingPart is for, and of a CodePart or DataPart what is
	// remarkable about it: "runs through e_entry".
	Why string
}

// Strategy makes an executable of a program. The file is nil when the messages
// hold an error.
type Strategy func(*program.Program, Options) (*File, *diag.Bag)

// Named is a Strategy with the name by which users choose it.
type Named struct {
	Name    string
	Summary string
	Layout  Strategy
}

// Strategies lists the ways to lay out an executable, plainest first.
var Strategies = []Named{
	{"plain", "as written, behind headers in full", Plain},
	{"pack", "as written, placed into free header bytes", Pack},
	{"golf", "the smallest file found that behaves the same", Golf},
}

// ByName returns the strategy called name.
func ByName(name string) (Strategy, bool) {
	for _, s := range Strategies {
		if s.Name == name {
			return s.Layout, true
		}
	}
	return nil, false
}
