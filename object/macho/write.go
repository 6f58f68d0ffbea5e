// Package macho writes relocatable objects in the Mach-O format (Apple, "OS X
// ABI Mach-O File Format Reference"). Order and unused fields are nasm's, so that
// the files are the same byte for byte: one segment with all sections, then the
// relocations of each section from the last to the first, the symbols (local
// ones, global ones by name, undefined ones by name) and their names.
package macho

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Relocation types (mach-o/x86_64/reloc.h; of i386 in mach-o/reloc.h).
const (
	vanilla     = 0 // GENERIC_RELOC_VANILLA, X86_64_RELOC_UNSIGNED
	signed      = 1
	branch      = 2
	gotLoad     = 3
	got         = 4
	genericTLV  = 5
	threadLocal = 9
)

// Bits of a symbol's type (mach-o/nlist.h).
const (
	external        = 0x01
	absolute        = 0x02
	inSection       = 0x0e
	privateExternal = 0x10
)

// Flags and sizes of a file (mach-o/loader.h, mach-o/reloc.h).
const (
	typeObject            = 1
	subsectionsViaSymbols = 0x2000
	subtypeAll            = 3
	protectionAll         = 7
	hasExternRelocations  = 0x200
	hasRelocations        = 0x100
	relocationSize        = 8
	headerSize32          = 28
	headerSize64          = 32
	maxSections           = 255
)

type writer struct {
	program  *program.Program
	format   *object.Format
	debug    *object.Debug
	messages *diag.Bag
	wide     bool
	sections []*section
	byID     map[lang.SegmentID]*section
	symbols  []*symbol // in the order of the source
	sorted   []*symbol // in that of the file
	externs  map[lang.SegmentID]*symbol
	strings  bytes.Buffer
}

type section struct {
	*program.Section
	index       int // from 1
	address     uint64
	padding     uint64 // in front of it in the file
	data        []byte
	relocations []relocation
	all, global tree // of the symbols defined in it
}

func (s *section) zeros() bool { return s.Native&0xff == object.MachOZeroFill }

// relocation refers to a symbol, or to a section where symbol is nil.
type relocation struct {
	offset   int64
	symbol   *symbol
	section  *section
	relative bool
	sizeLog2 int
	kind     uint32
}

type symbol struct {
	*program.Symbol
	index   int    // in the table
	name    uint32 // offset in the strings
	kind    uint8
	section *section
	value   uint64 // offset in the section
}

// Write makes the file. It is nil when the messages hold an error.
func Write(p *program.Program, f *object.Format, debug *object.Debug) ([]byte, *diag.Bag) {
	w := &writer{program: p, format: f, debug: debug, messages: &diag.Bag{}, wide: f.Pointer == 8,
		byID: map[lang.SegmentID]*section{}, externs: map[lang.SegmentID]*symbol{}}
	w.collect()
	for _, s := range w.sections {
		s.data = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
	}
	if debug != nil {
		w.dwarf()
	}
	if len(w.sections) > maxSections {
		w.messages.Add(diag.Errorf(w.sections[maxSections].Range, "Mach-O has room for %d sections, and here are %d", maxSections, len(w.sections)))
	}
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	w.place()
	return w.file(), w.messages
}

// addSection appends a section to those of the file.
func (w *writer) addSection(s *program.Section) *section {
	out := &section{Section: s, index: len(w.sections) + 1}
	w.sections = append(w.sections, out)
	return out
}

// collect numbers the sections and makes the symbol table.
func (w *writer) collect() {
	for _, s := range w.program.Sections {
		out := w.addSection(s)
		w.byID[s.ID] = out
		for _, part := range s.Parts {
			w.byID[part.ID] = out
		}
	}
	for _, s := range w.program.Table {
		w.symbol(s)
	}
	w.sort()
}

func (w *writer) symbol(s *program.Symbol) {
	out := &symbol{Symbol: s, value: uint64(s.Value.N)}
	segment, placed := s.Value.Segment()
	in := w.byID[segment]
	switch {
	case s.Common && s.Align != 0:
		w.messages.Add(diag.Errorf(s.Range, "Mach-O can say nothing of the alignment of a common variable"))
	case s.Common:
		out.kind, out.value = external, uint64(s.Size)
	case s.Extern:
		out.kind, out.value = external, 0
	case in != nil:
		out.kind, out.section = inSection, in
		in.all.add(out)
		if s.Global {
			in.global.add(out)
		}
	case placed:
		w.messages.Add(diag.Errorf(s.Range, "Mach-O has no symbol that stands for another file's symbol and a number"))
	default:
		out.kind = absolute
	}
	if s.Global {
		out.kind |= external
	}
	if s.Visibility == program.Hidden {
		out.kind |= privateExternal
	}
	if s.Common || s.Extern {
		w.externs[segment] = out
	}
	w.symbols = append(w.symbols, out)
}

// sort brings the symbols into the order of the file, and their names into the
// table of strings, those of global symbols first.
func (w *writer) sort() {
	group := func(s *symbol) int {
		switch {
		case s.kind&external == 0:
			return 0
		case s.kind&inSection != 0:
			return 1
		}
		return 2
	}
	w.sorted = slices.Clone(w.symbols)
	slices.SortStableFunc(w.sorted, func(a, b *symbol) int {
		if x, y := group(a), group(b); x != y || x == 0 {
			return x - y
		}
		return strings.Compare(a.Name, b.Name)
	})
	for i, s := range w.sorted {
		s.index = i
	}
	w.strings.WriteByte(0)
	for _, local := range []bool{false, true} {
		for _, s := range w.symbols {
			if (group(s) == 0) == local {
				s.name = uint32(w.strings.Len())
				w.strings.WriteString(s.Name)
				w.strings.WriteByte(0)
			}
		}
	}
}

// refer adds the relocation for r, a field of s, and returns what stands in the
// field.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	special := w.program.Specials[r.Value.Wrt]
	size := int64(r.Size)
	out := relocation{offset: r.Offset, relative: r.Relative}
	value, target := r.Addend, r.Value.N
	var doubt *diag.Message
	switch {
	case r.Selector:
		return 0, diag.Errorf(r.Range, "Mach-O has no segment selectors, so a symbol has none")
	case r.Value.Wrt != 0 && (special == "" || !r.Relative || r.Size != 4):
		return 0, diag.Errorf(r.Range, "Mach-O has no relocation for this use of WRT").
			Notef("it has one for an address relative to the instruction pointer: mov rax, [rel x wrt ..gotpcrel]")
	case r.Segment == 0:
		return 0, diag.Errorf(r.Range, "Mach-O has no relocation for the distance to an absolute address")
	case w.wide && r.Size != 8 && !r.Relative:
		return 0, diag.Errorf(r.Range, "macho64 has no relocation for an absolute address of %d bits", size*8).
			Notef("addresses have 64 bits there, and code refers to them by distance: put 'default rel' first, or write [rel x] and lea rax, [rel x]")
	case w.wide && r.Size < 4, r.Relative && r.Size == 8:
		return 0, diag.Errorf(r.Range, "%s has no relocation for a distance of %d bits", w.format.Name, size*8)
	case !w.wide && size == 8:
		size = 4
		doubt = diag.Warningf("zext-reloc", r.Range, "the linker fills in 32 of these 64 bits; the others are zero")
	}
	out.sizeLog2 = bits.TrailingZeros64(uint64(size))
	out.kind = w.kind(s, r, special)
	in := w.byID[r.Segment]
	out.symbol = w.externs[r.Segment]
	if in == nil && out.symbol == nil {
		return 0, diag.Errorf(r.Range, "this refers to something that is in no section of the object")
	}
	switch {
	case in == nil:
	case special != "":
		out.symbol = in.global.before(target)
		if out.symbol == nil || special == "..gotpcrel" && int64(out.symbol.value) != target {
			return 0, diag.Errorf(r.Range, "there is no global symbol here for the linker to refer to").Notef("declare it GLOBAL")
		}
		value -= int64(out.symbol.value)
	case w.wide:
		if out.symbol = in.all.before(target); out.symbol == nil {
			return 0, diag.Errorf(r.Range, "there is no label here or before for the linker to refer to").
				Notef("macho64 knows places by labels: put one at the start of the section")
		}
		value -= int64(out.symbol.value)
	default:
		out.section = in
	}
	switch {
	case !r.Relative:
	case w.wide || special != "":
		value += size
	default: // relative to the start of the first section
		value -= r.Offset
	}
	s.relocations = append(s.relocations, out)
	return value, doubt
}

// kind chooses the type of a relocation. In 64 bits it depends on the instruction.
func (w *writer) kind(s *section, r *object.Reference, special string) uint32 {
	before := func(n int) (b [4]byte) {
		if code := r.Before; s.Native&object.MachOSomeInstructions != 0 {
			copy(b[4-min(n, len(code)):], code[len(code)-min(n, len(code)):])
		}
		return b
	}
	switch {
	case special == "..tlvp" && !w.wide:
		return genericTLV
	case special == "..tlvp":
		return threadLocal
	case special == "..gotpcrel":
		// MOV of 64 bits that the linker may turn into LEA.
		if c := before(3); c[1]&0xf8 == 0x48 && c[2] == 0x8b && c[3]&0o307 == 0o005 {
			return gotLoad
		}
		return got
	case !w.wide || !r.Relative:
		return vanilla
	}
	// CALL, JMP and Jcc.
	if c := before(2); c[2] != 0x0f && c[3]&0xfe == 0xe8 || c[2] == 0x0f && c[3]&0xf0 == 0x80 {
		return branch
	}
	return signed
}

// place gives the sections their addresses and completes fields that refer to
// them.
func (w *writer) place() {
	var size, address uint64
	for _, s := range w.sections {
		align := uint64(s.Align)
		s.address = (address + align - 1) &^ (align - 1)
		address = s.address + uint64(s.Size)
		if !s.zeros() {
			s.padding = -size & 3
			size += s.padding + uint64(s.Size)
			address += s.padding
		}
	}
	for _, s := range w.sections {
		for _, r := range s.relocations {
			var by uint64
			if r.section != nil {
				by = r.section.address
			}
			if r.relative && (r.section != nil || !w.wide && r.kind == vanilla) {
				by -= s.address
			}
			field := s.data[r.offset : r.offset+1<<r.sizeLog2]
			var word [8]byte
			copy(word[:], field)
			binary.LittleEndian.PutUint64(word[:], binary.LittleEndian.Uint64(word[:])+by)
			copy(field, word[:])
		}
	}
}

// file puts everything together.
func (w *writer) file() []byte {
	var out bytes.Buffer
	put := func(v any) { binary.Write(&out, binary.LittleEndian, v) } // a Buffer takes everything
	pointer := func(v uint64) {
		if w.wide {
			put(v)
		} else {
			put(uint32(v))
		}
	}
	header := macho.FileHeader{
		Magic: macho.Magic32, Cpu: macho.Cpu386, SubCpu: subtypeAll, Type: typeObject,
		Ncmd: 1, Cmdsz: uint32(binary.Size(macho.Segment32{}) + len(w.sections)*binary.Size(macho.Section32{})),
	}
	headerSize, symbolSize, command := headerSize32, binary.Size(macho.Nlist32{}), macho.LoadCmdSegment
	if w.wide {
		header.Magic, header.Cpu = macho.Magic64, macho.CpuAmd64
		header.Cmdsz = uint32(binary.Size(macho.Segment64{}) + len(w.sections)*binary.Size(macho.Section64{}))
		headerSize, symbolSize, command = headerSize64, binary.Size(macho.Nlist64{}), macho.LoadCmdSegment64
	}
	segmentSize := header.Cmdsz
	if len(w.symbols) > 0 {
		header.Ncmd++
		header.Cmdsz += uint32(binary.Size(macho.SymtabCmd{}))
	}
	if w.program.Subsections {
		header.Flags |= subsectionsViaSymbols
	}
	start := headerSize + int(header.Cmdsz)
	contents, memory := w.sizes()
	relocations := start + int(contents)
	relocations += -relocations & int(w.format.Pointer-1)

	put(header)
	out.Write(make([]byte, headerSize-out.Len()))
	put(uint32(command))
	put(segmentSize)
	put([16]byte{})
	for _, v := range []uint64{0, memory, uint64(start), contents} {
		pointer(v)
	}
	put([]uint32{protectionAll, protectionAll, uint32(len(w.sections)), 0})
	symbols := w.sectionHeaders(&out, pointer, start, relocations)
	if len(w.symbols) > 0 {
		put(macho.SymtabCmd{
			Cmd: macho.LoadCmdSymtab, Len: uint32(binary.Size(macho.SymtabCmd{})), Symoff: uint32(symbols), Nsyms: uint32(len(w.symbols)),
			Stroff: uint32(symbols + len(w.symbols)*symbolSize), Strsize: uint32(w.strings.Len()),
		})
	}
	for _, s := range w.sections {
		if !s.zeros() {
			out.Write(make([]byte, s.padding))
			out.Write(s.data)
		}
	}
	out.Write(make([]byte, relocations-out.Len()))
	for _, s := range w.sections {
		for _, r := range slices.Backward(s.relocations) {
			put([]uint32{uint32(r.offset), r.word()})
		}
	}
	for _, s := range w.sorted {
		value, index := s.value, uint8(0)
		if s.section != nil {
			value, index = value+s.section.address, uint8(s.section.index)
		}
		put(struct {
			Name          uint32
			Type, Section uint8
			Desc          uint16
		}{s.name, s.kind, index, 0})
		pointer(value)
	}
	out.Write(w.strings.Bytes())
	return out.Bytes()
}

// sizes returns how many bytes all sections take in the file and in memory.
func (w *writer) sizes() (contents, memory uint64) {
	for _, s := range w.sections {
		memory = s.address + uint64(s.Size)
		if !s.zeros() {
			contents += s.padding + uint64(s.Size)
			memory += s.padding
		}
	}
	return contents, memory
}

// sectionHeaders writes the headers and returns where the relocations end.
func (w *writer) sectionHeaders(out *bytes.Buffer, pointer func(uint64), offset, relocations int) int {
	put := func(v any) { binary.Write(out, binary.LittleEndian, v) }
	textConstants := slices.ContainsFunc(w.sections, func(s *section) bool { return s.Name == "__TEXT,__const" })
	for _, s := range w.sections {
		segment, name, _ := strings.Cut(s.Name, ",")
		flags := s.Native
		at, table := 0, 0
		if len(s.relocations) > 0 {
			table, flags = relocations, flags|hasRelocations
			if slices.ContainsFunc(s.relocations, func(r relocation) bool { return r.symbol != nil || !w.wide && r.section == nil }) {
				flags |= hasExternRelocations
			}
			relocations += len(s.relocations) * relocationSize
		} else if s.Name == "__DATA,__const" && !s.FullName && !textConstants {
			segment = "__TEXT" // .rodata without relocations
		}
		if !s.zeros() {
			offset += int(s.padding)
			at = offset
			offset += int(s.Size)
		}
		for _, text := range []string{name, segment} {
			var field [16]byte
			copy(field[:], text)
			put(field)
		}
		pointer(s.address)
		pointer(uint64(s.Size))
		put([]uint32{uint32(at), uint32(bits.TrailingZeros64(uint64(s.Align))), uint32(table), uint32(len(s.relocations)), flags, 0})
		pointer(0)
	}
	return relocations
}

// word is the second word of a relocation entry (mach-o/reloc.h, relocation_info).
func (r *relocation) word() uint32 {
	word := uint32(r.sizeLog2)<<25 | r.kind<<28
	if r.relative {
		word |= 1 << 24
	}
	if r.symbol != nil {
		return word | uint32(r.symbol.index) | 1<<27
	}
	return word | uint32(r.section.index)
}
