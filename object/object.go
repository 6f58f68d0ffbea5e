// Package object describes the formats of relocatable objects, the files that a
// linker joins: what their sections and special symbols are called. The
// assembler reads a source by it; the packages below it write the files.
package object

import (
	"strings"

	"tasm/lang"
	"tasm/program"
)

// Format is a format of relocatable objects.
type Format struct {
	Name    string // as nasm names it: "elf64"
	Family  string // whose package writes it: "elf", "coff"
	Summary string
	// Facilities are the names besides Name under which %pragma speaks to the format.
	Facilities []string
	// BareNames is set where no prefix or suffix for names reaches the file.
	BareNames bool
	// Extension is that of a file's name, Debug the kinds of debug information.
	Extension string
	Debug     []string
	Bits      int // of the code until the source says otherwise
	// Sections are the names that have attributes of their own; other names
	// have those of Other.
	Sections map[string]Attributes
	Other    Attributes
	// ByPart are the attributes of sections by the part of their name behind a comma.
	ByPart map[string]Attributes
	// Words are the attributes of SECTION without a value.
	Words map[string]Change
	// NameLimit is how many bytes of a section's name count, 0 for all.
	NameLimit int
	// FullName turns a section's name into the one that stands in the file, where
	// there is a difference, and says whether there can be such a section.
	FullName func(name string) (full string, ok bool)
	// Strict is set where a SECTION line must not contradict an earlier one, and
	// alignments only grow; elsewhere the first line counts.
	Strict bool
	// KeepText is set where .text is a section, and the first one, even if nothing
	// is in it.
	KeepText bool
	// SymbolWords are what GLOBAL can say of a symbol behind a colon, and
	// SymbolValues is set where it can give a size or an alignment.
	SymbolWords  []string
	SymbolValues bool
	// Pointer is the size of an address, in bytes.
	Pointer int64
	// Macros are lines of source read first: the format's own directives in their
	// form without brackets.
	Macros []string
	// Segments is set where sections are segments with selectors of their own, which
	// a source may name.
	Segments *SegmentWords
	// HasStart is set where the label ..start says where the program begins.
	HasStart bool
	// FirstSection is what code belongs to before the first SECTION line; "" is .text.
	FirstSection string
	// Specials are the names behind WRT that ask for a kind of relocation.
	Specials []string
}

// Attributes are what a section has from its name.
type Attributes struct {
	Flags     program.Flags
	Type      program.SectionType
	Align     int64
	EntrySize int64
	// Native are the flags as the format's own files hold them.
	Native uint32
}

// Change is what a word in a SECTION line does to the attributes.
type Change struct {
	Set, Clear program.Flags
	Type       program.SectionType
	SetType    bool
	Element    int64 // size of an element, in bytes, or 0
	Align      int64 // or 0 where the word says nothing of it
	// Native are flags of the format's files that are set behind clearing Clears.
	Native, NativeClear uint32
}

// Default returns the attributes of a section called name.
func (f *Format) Default(name string) Attributes {
	if a, ok := f.Sections[name]; ok {
		return a
	}
	if _, part, ok := strings.Cut(name, ","); ok {
		if a, ok := f.ByPart[part]; ok {
			return a
		}
	}
	return f.Other
}

// Formats lists the formats, in the order in which help shows them.
var Formats = []*Format{AOut, AOutB, COFF, ELF32, ELF64, ELFX32, AS86, OMF, Win32, Win64, IEEE, MachO32, MachO64, Trace}

// Aliases are names that nasm keeps for old Makefiles.
var Aliases = []struct{ Name, Of string }{{"elf", "elf32"}, {"macho", "macho32"}, {"win", "win32"}}

// ByName returns the format that nasm calls name, or nil.
func ByName(name string) *Format {
	for _, a := range Aliases {
		if a.Name == name {
			name = a.Of
		}
	}
	for _, f := range Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Sizes in bytes of the words that name an element of a section.
var elementSizes = map[string]int64{
	"byte": 1, "word": 2, "dword": 4, "qword": 8, "tword": 10, "oword": 16, "yword": 32, "zword": 64,
}

// Reference is a field of a section that a linker completes.
type Reference struct {
	Offset int64 // in the section
	*program.Fixup
	// Before are the section's bytes in front of the field.
	Before []byte
	// Segment is what the field is relative to, or 0 for a plain number.
	Segment lang.SegmentID
	// Addend belongs in the field for a target at address 0, and, where Relative
	// is set, for a field at address 0.
	Addend   int64
	Relative bool
	Selector bool // the selector of Segment is wanted, not its address
}

// End is how far behind the field's start the instruction ends, in bytes.
func (r *Reference) End() int64 { return int64(r.Fixup.End) - int64(r.Fixup.Offset) }
