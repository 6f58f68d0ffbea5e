package elf

import (
	"encoding/binary"
	"slices"
)

// Class is the file class (gABI, "ELF Identification"), with EI_CLASS's values.
type Class uint8

const (
	Class32 Class = 1
	Class64 Class = 2
)

// Bits returns the width of an address: 32 or 64.
func (c Class) Bits() int { return 32 * int(c) }

func (c Class) String() string {
	if c == Class64 {
		return "ELF64"
	}
	return "ELF32"
}

// Values that fields take (gABI, and the processor supplements).
const (
	Magic = 0x464c457f // the bytes 7f 'E' 'L' 'F'

	DataLSB        = 1 // EI_DATA: little-endian
	VersionCurrent = 1 // EI_VERSION, e_version

	TypeExec = 2 // ET_EXEC: loaded at its own addresses
	TypeDyn  = 3 // ET_DYN: loaded wherever there is room

	Machine386    = 3
	Machine486    = 6 // Linux takes it for EM_386
	MachineX86_64 = 62

	SegmentLoad     = 1          // PT_LOAD
	SegmentInterp   = 3          // PT_INTERP
	SegmentStack    = 0x6474e551 // PT_GNU_STACK
	SegmentProperty = 0x6474e553 // PT_GNU_PROPERTY

	FlagX = 1 // PF_X
	FlagW = 2 // PF_W
	FlagR = 4 // PF_R
)

// HeaderKind says which of the two structures a field belongs to.
type HeaderKind uint8

const (
	FileHeader    HeaderKind = iota // Elf32_Ehdr, Elf64_Ehdr: at offset 0
	ProgramHeader                   // Elf32_Phdr, Elf64_Phdr: e_phnum of them from e_phoff on
)

func (k HeaderKind) String() string {
	if k == ProgramHeader {
		return "program header"
	}
	return "ELF header"
}

// FieldID numbers the rows of the table of fields.
type FieldID uint8

const (
	EIMag FieldID = iota
	EIClass
	EIData
	EIVersion
	EIOSABI
	EIABIVersion
	EIPad
	EType
	EMachine
	EVersion
	EEntry
	EPhoff
	EShoff
	EFlags
	EEhsize
	EPhentsize
	EPhnum
	EShentsize
	EShnum
	EShstrndx
	PType
	POffset
	PVaddr
	PPaddr
	PFilesz
	PMemsz
	PFlags
	PAlign
	NumFields
)

// Field is one field of a header.
type Field struct {
	ID      FieldID
	Header  HeaderKind
	Name    string // the specification's
	Meaning string
	at      [2]extent // by class
}

// extent is a run of bytes within a header.
type extent struct{ offset, size int }

// At returns where the field lies in its header, in bytes.
func (f *Field) At(c Class) (offset, size int) {
	e := f.at[c-1]
	return e.offset, e.size
}

// Fields is the table of both headers in both classes (gABI, "ELF Header" and
// "Program Header"; the 64-bit layouts are those of the ELF-64 object file
// format). Rows stand in the order of FieldID. EI_PAD is wider than 8 bytes in
// no class, so every field is one unsigned number of at most 64 bits,
// little-endian on x86.
var Fields = [NumFields]Field{
	EIMag:        {EIMag, FileHeader, "EI_MAG", "what makes a file an ELF file", at(0, 4, 0, 4)},
	EIClass:      {EIClass, FileHeader, "EI_CLASS", "width of addresses: 1 for 32 bits, 2 for 64", at(4, 1, 4, 1)},
	EIData:       {EIData, FileHeader, "EI_DATA", "byte order: 1 for little-endian", at(5, 1, 5, 1)},
	EIVersion:    {EIVersion, FileHeader, "EI_VERSION", "version of the ELF header: 1", at(6, 1, 6, 1)},
	EIOSABI:      {EIOSABI, FileHeader, "EI_OSABI", "operating system whose extensions are used: 0 for none", at(7, 1, 7, 1)},
	EIABIVersion: {EIABIVersion, FileHeader, "EI_ABIVERSION", "version of those extensions", at(8, 1, 8, 1)},
	EIPad:        {EIPad, FileHeader, "EI_PAD", "unused, to be zero", at(9, 7, 9, 7)},
	EType:        {EType, FileHeader, "e_type", "kind of file: 2 has fixed addresses, 3 can be loaded anywhere", at(16, 2, 16, 2)},
	EMachine:     {EMachine, FileHeader, "e_machine", "processor: 3 for 386, 62 for x86-64", at(18, 2, 18, 2)},
	EVersion:     {EVersion, FileHeader, "e_version", "version of the file format: 1", at(20, 4, 20, 4)},
	EEntry:       {EEntry, FileHeader, "e_entry", "address of the first instruction", at(24, 4, 24, 8)},
	EPhoff:       {EPhoff, FileHeader, "e_phoff", "file offset of the program headers", at(28, 4, 32, 8)},
	EShoff:       {EShoff, FileHeader, "e_shoff", "file offset of the section headers, 0 for none", at(32, 4, 40, 8)},
	EFlags:       {EFlags, FileHeader, "e_flags", "flags of the processor, none on x86", at(36, 4, 48, 4)},
	EEhsize:      {EEhsize, FileHeader, "e_ehsize", "size of the ELF header", at(40, 2, 52, 2)},
	EPhentsize:   {EPhentsize, FileHeader, "e_phentsize", "size of one program header", at(42, 2, 54, 2)},
	EPhnum:       {EPhnum, FileHeader, "e_phnum", "number of program headers", at(44, 2, 56, 2)},
	EShentsize:   {EShentsize, FileHeader, "e_shentsize", "size of one section header", at(46, 2, 58, 2)},
	EShnum:       {EShnum, FileHeader, "e_shnum", "number of section headers", at(48, 2, 60, 2)},
	EShstrndx:    {EShstrndx, FileHeader, "e_shstrndx", "section header of the section names", at(50, 2, 62, 2)},

	PType:   {PType, ProgramHeader, "p_type", "kind of segment: 1 is loaded into memory", at(0, 4, 0, 4)},
	POffset: {POffset, ProgramHeader, "p_offset", "file offset of the segment's first byte", at(4, 4, 8, 8)},
	PVaddr:  {PVaddr, ProgramHeader, "p_vaddr", "address of the segment's first byte", at(8, 4, 16, 8)},
	PPaddr:  {PPaddr, ProgramHeader, "p_paddr", "physical address, unused", at(12, 4, 24, 8)},
	PFilesz: {PFilesz, ProgramHeader, "p_filesz", "bytes of the segment that come from the file", at(16, 4, 32, 8)},
	PMemsz:  {PMemsz, ProgramHeader, "p_memsz", "bytes of the segment in memory; those beyond p_filesz are zero", at(20, 4, 40, 8)},
	PFlags:  {PFlags, ProgramHeader, "p_flags", "permissions: 1 execute, 2 write, 4 read", at(24, 4, 4, 4)},
	PAlign:  {PAlign, ProgramHeader, "p_align", "p_offset and p_vaddr are equal modulo this", at(28, 4, 48, 8)},
}

func at(offset32, size32, offset64, size64 int) [2]extent {
	return [2]extent{{offset32, size32}, {offset64, size64}}
}

func (id FieldID) String() string { return Fields[id].Name }

// Fields returns the fields of a header in order of their offsets.
func (c Class) Fields(k HeaderKind) []*Field {
	var list []*Field
	for i := range Fields {
		if Fields[i].Header == k {
			list = append(list, &Fields[i])
		}
	}
	slices.SortFunc(list, func(x, y *Field) int { return x.at[c-1].offset - y.at[c-1].offset })
	return list
}

// Size returns the size of a header in bytes: where its last field ends.
func (c Class) Size(k HeaderKind) int {
	size := 0
	for i := range Fields {
		if offset, n := Fields[i].At(c); Fields[i].Header == k {
			size = max(size, offset+n)
		}
	}
	return size
}

// Get reads a field from the bytes of its header. Bytes beyond the end of
// header read as zero, which is how Linux reads a truncated ELF header.
func Get(c Class, header []byte, id FieldID) uint64 {
	offset, size := Fields[id].At(c)
	var word [8]byte
	if offset < len(header) {
		copy(word[:size], header[offset:])
	}
	return binary.LittleEndian.Uint64(word[:])
}

// Put writes the low bytes of v into a field of header, which holds all of it.
func Put(c Class, header []byte, id FieldID, v uint64) {
	offset, size := Fields[id].At(c)
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], v)
	copy(header[offset:offset+size], word[:])
}

// Values holds a value for every field; only those of one header are used at a
// time.
type Values [NumFields]uint64

// Encode returns the bytes of a header whose fields have the given values.
func Encode(c Class, k HeaderKind, v *Values) []byte {
	header := make([]byte, c.Size(k))
	for _, f := range c.Fields(k) {
		Put(c, header, f.ID, v[f.ID])
	}
	return header
}
