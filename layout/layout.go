// Package layout turns an assembled program into the bytes of a file, and can
// say of every byte why it is what it is.
//
// A Strategy is one way to do that for an executable; Strategies lists them.
// All of them take the same Program and answer with the same File, so that
// whoever reports on a file need not know how it came about. Flat makes files
// without any header; it stands apart, because it is a format and not a choice.
package layout

import (
	"tasm/diag"
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
}

// PartKind says what a part of a file is.
type PartKind uint8

const (
	HeaderPart   PartKind = iota // a field of an ELF or program header
	FragmentPart                 // what a statement of the source asked for
	PaddingPart                  // zeros that only move what follows
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

	// Why says what a PaddingPart is for.
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
