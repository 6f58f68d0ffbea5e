// Package program is what an assembled source is: sections of fragments whose
// sizes are settled, symbols, and the fields that only layout can fill in. It
// is the seam between the assembler, which makes it, and layout, which places it.
package program

import (
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
)

// Program is the whole of one assembled source.
type Program struct {
	// Target is the system that the program is for ("linux/386"), or "" for
	// code that runs without one.
	Target string
	// Targets are all systems that the source names, Target among them.
	Targets []string
	// Bits is the mode of the code (16, 32 or 64) at the program's entry.
	Bits int
	// Code16 is where the first code for 16 bits stands; zero if there is none.
	Code16   diag.Range
	Sections []*Section // in order of first appearance
	Symbols  []*Symbol  // defined, in order of first mention
	// Passes is how often the source was gone over.
	Passes int
	// Changing is the last pass in which a symbol got another value than before, 0 for none.
	Changing int
	Externs  []*Symbol // declared EXTERN and used, or REQUIRED, and defined nowhere
	// Table is Symbols and Externs together in the order in which the source
	// defines them, externals where they are declared: that of a symbol table.
	Table []*Symbol
	// Lines are the places of all fragments in the order of the source; only kept
	// where they were asked for.
	Lines []Line
	// Trace is what the source tells its format, in order; only kept for one that shows it.
	Trace []Event
	// Specials are the names behind WRT that stand for no place but for what a
	// linker makes of the reference ("..plt"), by the segment number in Value.Wrt.
	Specials map[lang.SegmentID]string
	// Entry is the symbol that the source names as entry point, or nil.
	Entry *Symbol
	// Origin is the ORG of a flat binary.
	Origin    int64
	OriginSet diag.Range
	Image     []*lang.Image
	// OSABI and ABIVersion are what OSABI asks an ELF object to say.
	OSABI, ABIVersion uint8
	// Exports are names that a linker for Windows exports.
	Exports []string
	// SafeHandlers name the exception handlers that Windows may call.
	SafeHandlers []lang.Arg
	// Segmented is what the source says in the words of segmented memory, or nil.
	Segmented *Segmented
	// Subsections is set where a linker may move and leave out what begins at each
	// global symbol on its own (Mach-O, subsections_via_symbols).
	Subsections bool
}

// Flags are the permissions and nature of a section's memory.
type Flags uint16

const (
	Alloc   Flags = 1 << iota // occupies memory at run time
	Write                     // writable
	Exec                      // executable
	NoBits                    // has no contents in the file: zero at run time
	TLS                       // every thread has its own copy
	Merge                     // a linker may keep one of several equal elements
	Strings                   // the elements are strings that end in zero
	Info                      // speaks to the linker and is not part of what it makes
)

// SectionType is what a section's contents are for, where a linker or loader
// must know (System V ABI, "Sections", sh_type).
type SectionType uint8

const (
	Ordinary SectionType = iota
	Note
	PreinitArray
	InitArray
	FiniArray
)

// Section is one section of the program.
type Section struct {
	ID    lang.SegmentID
	Name  string
	Range diag.Range // of the statement that opened it first
	Flags Flags
	Type  SectionType
	Align int64 // a power of two, at least 1
	// EntrySize is that of an element of a section of equal elements, in bytes, or 0.
	EntrySize int64
	// Native are the flags of an object format that has other ones than Flags.
	Native uint32
	// Comdat says which of several sections a linker keeps, or is nil (COFF).
	Comdat *Comdat
	// FullName is set where the source gave the name that stands in the file, and
	// not a usual one that means it.
	FullName bool
	Size     int64 // bytes
	// Segment holds what only a segment of segmented memory has, or is nil.
	Segment *Segment
	// Parts are the subsections in order of Offset; what is in front of the first
	// has the section's own ID.
	Parts []Part
	// Flat holds the attributes that only the flat binary format has.
	Flat      FlatPlacement
	Fragments []Fragment // in order of Offset, without gaps
}

// Comdat marks a section of which a linker keeps one of those that define Symbol
// (PE Format, "COMDAT Sections").
type Comdat struct {
	Selection uint8 // IMAGE_COMDAT_SELECT_...
	Symbol    string
	Range     diag.Range
}

// Part is a piece of a section that a linker may move on its own. Places in it are
// counted from the section's start.
type Part struct {
	ID     lang.SegmentID
	Offset int64
}

// PartAt returns the subsection that a place belongs to.
func (s *Section) PartAt(offset int64) lang.SegmentID {
	for i := len(s.Parts) - 1; i >= 0; i-- {
		if s.Parts[i].Offset <= offset {
			return s.Parts[i].ID
		}
	}
	return s.ID
}

// Line says where what a statement asked for begins.
type Line struct {
	Section lang.SegmentID // 0 in ABSOLUTE space
	Offset  int64
	Source  *lang.Statement
}

// FlatPlacement is where a flat binary wants a section (nasm manual, 8.1.3).
type FlatPlacement struct {
	Start, VStart       *int64
	Follows, VFollows   string
	AlignSet, VAlignSet bool
	VAlign              int64
}

// FragmentKind says what a Fragment's bytes are for.
type FragmentKind uint8

const (
	Code    FragmentKind = iota // one machine instruction
	Data                        // bytes to be read or written
	Space                       // bytes without contents (RESB)
	Padding                     // bytes that only align what follows
)

// Fragment is the smallest piece that layout can place: what one statement
// asked for. With Repeat it is its Bytes, that many times.
type Fragment struct {
	Kind   FragmentKind
	Offset int64 // in the section
	Repeat int64 // how often Bytes follow one another: 1, or the TIMES count
	Bytes  []byte
	Size   int64 // of one repetition; len(Bytes), or more for Space
	Fixups []Fixup
	Source *lang.Statement
	// Instruction is set for Code: what the bytes encode.
	Instruction *x86.Instruction
	Form        *x86.Form
}

// Fixup is a field in a fragment's bytes that holds an address.
type Fixup struct {
	Offset int32 // in the fragment's Bytes
	Size   uint8 // bytes: 1, 2, 4 or 8
	Kind   x86.FixupKind
	// End is the offset in Bytes that Relative fields are measured from: the
	// end of the instruction.
	End          int32
	SignExtended bool
	Value        lang.Value
	Range        diag.Range // of the operand
}

// Symbol is a name with a value.
type Symbol struct {
	Name   string // in full: "parent.local"
	Range  diag.Range
	Value  lang.Value
	Equ    bool // defined by EQU
	Global bool
	Extern bool
	// Element is the size in bytes of an item of the data that the symbol names, 0
	// where it names no data.
	Element int64
	// Float is set where some of the data are floating-point constants of 32 bits.
	Float bool
	// Count is how many items there are, and Typed is set where a statement that
	// stores something follows at all; kept for debuggers.
	Count int64
	Typed bool
	Linkage
}

// Affixes are what is put around the names of symbols: of those that other files
// know, and of those of this file alone.
type Affixes struct{ Prefix, Suffix, LocalPrefix, LocalSuffix string }

// Around returns the name as it stands in the object.
func (a *Affixes) Around(name string, global bool) string {
	if global {
		return a.Prefix + name + a.Suffix
	}
	return a.LocalPrefix + name + a.LocalSuffix
}

// SymbolType is what kind of thing a symbol names, for linkers and debuggers.
type SymbolType uint8

const (
	NoType SymbolType = iota
	Function
	Object
	ThreadLocal
)

// Visibility is who may see a global symbol of a shared object (System V ABI,
// "Symbol Table", st_other; the values are those of the ABI).
type Visibility uint8

const (
	Default Visibility = iota
	Internal
	Hidden
	Protected
)

// Linkage is what the declaration of a symbol tells the linker.
type Linkage struct {
	Weak       bool
	Type       SymbolType
	Visibility Visibility
	// Common is set for a variable that several files may declare and the linker
	// places (COMMON); Size is then its size and Align its alignment or 0.
	Common bool
	Size   int64 // bytes, or 0 where nothing is said
	Align  int64
	// Far is set for a common variable of OMF that need not be in the data group;
	// Element is then the size of an item, in bytes.
	Far int64
	// Frame is the segment or group that an external symbol of OMF is relative to
	// where the source says nothing else, or 0.
	Frame lang.SegmentID
}

// Instructions counts the instructions of the program.
func (p *Program) Instructions() int {
	n := 0
	for _, s := range p.Sections {
		for i := range s.Fragments {
			if s.Fragments[i].Kind == Code {
				n++
			}
		}
	}
	return n
}

// Section returns the section with the given ID, or nil (for an external).
func (p *Program) Section(id lang.SegmentID) *Section {
	for _, s := range p.Sections {
		if s.ID == id {
			return s
		}
	}
	return nil
}
