// Package coff writes relocatable objects in the COFF format: that of Windows
// (Microsoft, "PE Format", the sections on COFF objects) and the older one of
// DJGPP. Order and unused fields are nasm's, so that the files are the same
// byte for byte; the time in the header is 0, as with nasm's --reproducible.
package coff

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"
	"strconv"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Characteristics of sections (PE Format, "Section Flags").
const (
	countCode       = 0x00000020
	countData       = 0x00000040
	countZeros      = 0x00000080
	linkInfo        = object.COFFLinkInfo
	functionType    = 0x20
	linkRemove      = 0x00000800
	linkComdat      = 0x00001000
	manyRelocations = 0x01000000
	memoryExecute   = 0x20000000
	memoryRead      = 0x40000000
	memoryWrite     = 0x80000000
	alignShift      = 20
	maxRelocations  = 0xffff
	standardFlags   = 0x0104 // IMAGE_FILE_LINE_NUMS_STRIPPED and 32-bit
	classExternal   = 2
	classStatic     = 3
	classFile       = 103
	absoluteSection = -1
	debugSection    = -2
)

// Relocation types (PE Format, "Type Indicators").
const (
	amd64Address64   = 1
	amd64Address32   = 2
	amd64Address32NB = 3
	amd64Relative32  = 4
	i386Address32    = 6
	i386Relative32   = 20
)

type writer struct {
	program  *program.Program
	format   *object.Format
	messages *diag.Bag
	warned   bool // of labels in a section that no line opens
	windows  bool // not DJGPP's
	sections []*section
	byID     map[lang.SegmentID]*section
	symbols  []symbol
	externs  map[lang.SegmentID]int // indexes in symbols
	sizes    map[lang.SegmentID]int64
	strings  bytes.Buffer
	source   string
	debug    *object.Debug // or nil
}

type section struct {
	*program.Section
	name        [8]byte
	index       int    // from 1
	flags       uint32 // of the header, where they do not follow from Section.Flags
	data        []byte
	relocations []relocation
}

// relocation refers to a section's symbol, to a symbol, or to the absolute one.
type relocation struct {
	offset  int64
	section *section
	symbol  int // in writer.symbols; -1 for the absolute symbol
	kind    uint16
}

type symbol struct {
	name    [8]byte
	value   uint32
	section int16
	kind    uint16
	class   uint8
}

// Write makes the file, which names its source unless that is empty, with debug
// information unless debug is nil. It is nil when the messages hold an error.
func Write(p *program.Program, f *object.Format, source string, debug *object.Debug) ([]byte, *diag.Bag) {
	w := &writer{program: p, format: f, source: source, debug: debug, messages: &diag.Bag{}, windows: f != object.COFF,
		byID: map[lang.SegmentID]*section{}, externs: map[lang.SegmentID]int{}, sizes: map[lang.SegmentID]int64{}}
	w.collect()
	w.checkComdat()
	for _, s := range w.sections {
		if s.flags != 0 {
			continue
		}
		s.data = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
		if len(s.relocations) >= maxRelocations && !w.windows {
			w.messages.Add(diag.Errorf(s.Range, "COFF has no room for the %d relocations of section '%s'", len(s.relocations), s.Name))
		}
	}
	w.exports()
	w.safeHandlers()
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	if w.debug != nil {
		w.codeView()
	}
	return w.file(), w.messages
}

// name returns a name as headers and symbols hold it: up to eight bytes, or the
// offset of a longer one in the string table.
func (w *writer) name(text string, section bool) (name [8]byte) {
	if len(text) <= len(name) {
		copy(name[:], text)
		return name
	}
	offset := 4 + w.strings.Len()
	w.strings.WriteString(text)
	w.strings.WriteByte(0)
	if section {
		copy(name[:], "/"+padded(offset))
	} else {
		binary.LittleEndian.PutUint32(name[4:], uint32(offset))
	}
	return name
}

// padded writes n in seven digits.
func padded(n int) string {
	text := strconv.Itoa(n)
	for len(text) < 7 {
		text = "0" + text
	}
	return text
}

func (w *writer) collect() {
	if w.debug != nil {
		w.addDebugSections()
	}
	for _, s := range w.program.Sections {
		if s.Range.IsZero() && s.Size == 0 {
			continue // a .text that nobody opened or filled: its labels are external, as for nasm
		}
		out := &section{Section: s, index: len(w.sections) + 1, name: w.name(s.Name, true)}
		w.sections = append(w.sections, out)
		w.byID[s.ID] = out
	}
	safe := false
	for _, s := range w.program.Table {
		w.symbol(s)
		safe = safe || s.Name == "@feat.00"
	}
	if w.format == object.Win32 && !safe {
		// What the linker's option /safeseh looks for.
		w.symbols = append(w.symbols, symbol{name: w.name("@feat.00", false), value: 1, section: absoluteSection, class: classStatic})
	}
}

func (w *writer) symbol(s *program.Symbol) {
	out := symbol{name: w.name(s.Name, false), value: uint32(s.Value.N), class: classStatic}
	segment, placed := s.Value.Segment()
	in := w.byID[segment]
	switch {
	case s.Common:
		out.value = uint32(s.Size)
		w.sizes[segment] = s.Size
	case s.Extern:
		out.value = 0
	case in != nil && in.Range.IsZero():
		// To nasm a .text that no line of the source opens is not there yet when its
		// labels are declared.
		out.value = 0
		w.unopened(s)
	case in != nil:
		out.section = int16(in.index)
	case !placed:
		out.section = absoluteSection
	default:
		out.value = 0 // an EQU of an external symbol is one as well, as for nasm
	}
	if s.Global || out.section == 0 {
		out.class = classExternal
	}
	if out.section == 0 {
		w.externs[segment] = len(w.symbols)
	}
	w.symbols = append(w.symbols, out)
}

// unopened warns of the label s, the first one in a .text that no line opens.
func (w *writer) unopened(s *program.Symbol) {
	if w.warned {
		return
	}
	w.warned = true
	w.messages.Add(diag.Warningf("other", s.Range, "'%s' and the other labels here are symbols of another file to the linker, as in nasm, because no line opens their section", s.Name).
		Notef("write 'section .text' in front of them"))
}

// refer adds the relocation for r, a field of s, and returns what stands in
// the field.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	base := w.program.Specials[r.Value.Wrt] == "..imagebase" ||
		w.format == object.Win64 && r.Value.Wrt == 0 && (s.Name == ".pdata" || s.Name == ".xdata")
	switch {
	case r.Selector:
		return 0, diag.Errorf(r.Range, "COFF has no segments, so a symbol has no segment selector")
	case r.Value.Wrt != 0 && !base:
		return 0, diag.Errorf(r.Range, "%s has no relocation for this use of WRT", w.format.Name)
	case r.Segment == 0 && w.format == object.Win32:
		return 0, diag.Errorf(r.Range, "win32 has no relocation for the distance to an absolute address")
	}
	out := relocation{offset: r.Offset, symbol: -1, kind: w.kind(r, base)}
	if out.kind == 0 {
		return 0, diag.Errorf(r.Range, "%s has no relocation for a field of %d bits", w.format.Name, int(r.Size)*8).
			Notef("addresses take 32 bits, or 64 in win64; distances take 32")
	}
	value := r.Addend
	var doubt *diag.Message
	if r.Size == 8 && out.kind == i386Address32 {
		doubt = diag.Warningf("zext-reloc", r.Range, "the linker fills in 32 of these 64 bits; the others are zero")
	}
	switch index, known := w.externs[r.Segment]; {
	case r.Segment == 0:
	case w.byID[r.Segment] != nil:
		out.section = w.byID[r.Segment]
	case known:
		out.symbol = index
		if !w.windows {
			value += w.sizes[r.Segment]
		}
	default:
		return 0, diag.Errorf(r.Range, "this refers to something that is in no section of the object")
	}
	s.relocations = append(s.relocations, out)
	switch {
	case r.Relative && w.windows:
		value += 4 // Windows counts from the field's end
	case r.Relative:
		value -= r.Offset
	case doubt != nil:
		value = int64(uint32(value))
	}
	return value, doubt
}

// exports writes the names that the linker is to export.
func (w *writer) exports() {
	for _, name := range w.program.Exports {
		w.extend(".drectve", []byte("-export:"+name+" "))
	}
}

// safeHandlers writes the numbers of the handlers' symbols.
func (w *writer) safeHandlers() {
	for _, handler := range w.program.SafeHandlers {
		i := slices.IndexFunc(w.program.Table, func(s *program.Symbol) bool { return s.Name == handler.Name })
		if i < 0 {
			w.messages.Add(diag.Errorf(handler.Range, "SAFESEH needs the name of a symbol of this source, and '%s' is none", handler.Name))
			continue
		}
		w.symbols[i].kind = functionType
		w.extend(".sxdata", binary.LittleEndian.AppendUint32(nil, w.absolute()+1+uint32(i)))
	}
}

// extend appends to a section's contents.
func (w *writer) extend(name string, data []byte) {
	for _, s := range w.sections {
		if s.Name == name {
			longer := *s.Section
			longer.Size += int64(len(data))
			s.Section, s.data = &longer, append(s.data, data...)
		}
	}
}

// absolute is the number of the absolute symbol: before it stand two entries for the
// file and two for each section.
func (w *writer) absolute() uint32 { return uint32(2 + 2*len(w.sections)) }

// kind returns the relocation type for r, 0 if there is none.
func (w *writer) kind(r *object.Reference, base bool) uint16 {
	wide := w.format == object.Win64
	switch {
	case r.Relative && r.Size == 4 && wide:
		return amd64Relative32
	case r.Relative && r.Size == 4:
		return i386Relative32
	case r.Relative:
		return 0
	case base && r.Size == 4:
		return amd64Address32NB
	case base:
		return 0
	case wide && r.Size == 8:
		return amd64Address64
	case wide && r.Size == 4:
		return amd64Address32
	case !wide && r.Size >= 4:
		return i386Address32
	}
	return 0
}

// characteristics returns the flags of a section header.
func (w *writer) characteristics(s *section) uint32 {
	switch {
	case s.flags != 0:
		return s.flags
	case s.Native != 0:
		return s.Native
	}
	var c uint32
	switch f := s.Flags; {
	case f&program.Info != 0:
		c = linkInfo | linkRemove
	case f&program.NoBits != 0:
		c = countZeros
	case f&program.Exec != 0:
		c = countCode
	default:
		c = countData
	}
	if w.windows && s.Flags&program.Alloc != 0 {
		c |= memoryRead
		if s.Flags&program.Write != 0 {
			c |= memoryWrite
		}
		if s.Flags&program.Exec != 0 {
			c |= memoryExecute
		}
	}
	if s.Align > 0 {
		c |= uint32(bits.Len64(uint64(s.Align))) << alignShift
	}
	if s.Comdat != nil {
		c |= linkComdat
	}
	if s.entries() > len(s.relocations) {
		c |= manyRelocations
	}
	return c
}

// entries is how many entries the relocations take: where a header has no room for their
// number, one in front of them tells it, and counts too.
func (s *section) entries() int {
	n := len(s.relocations)
	if n >= maxRelocations {
		n++
	}
	return n
}

// file puts everything together: headers, each section's contents and
// relocations, symbols, strings.
func (w *writer) file() []byte {
	put := func(b *bytes.Buffer, v any) { binary.Write(b, binary.LittleEndian, v) } // a Buffer takes everything
	var headers, contents bytes.Buffer
	start := binary.Size(pe.FileHeader{}) + len(w.sections)*binary.Size(pe.SectionHeader32{})
	absolute := w.absolute()
	for _, s := range w.sections {
		h := pe.SectionHeader32{Name: s.name, SizeOfRawData: uint32(s.Size), Characteristics: w.characteristics(s)}
		if s.Flags&program.NoBits == 0 {
			h.PointerToRawData = uint32(start + contents.Len())
			contents.Write(s.data)
			h.PointerToRelocations = uint32(start + contents.Len())
			h.NumberOfRelocations = uint16(min(len(s.relocations), maxRelocations))
			if n := s.entries(); n > len(s.relocations) {
				put(&contents, pe.Reloc{VirtualAddress: uint32(n)})
			}
			for _, r := range s.relocations {
				index := absolute
				switch {
				case r.section != nil:
					index = uint32(2 * r.section.index)
				case r.symbol >= 0:
					index += 1 + uint32(r.symbol)
				}
				put(&contents, pe.Reloc{VirtualAddress: uint32(r.offset), SymbolTableIndex: index, Type: r.kind})
			}
		}
		put(&headers, h)
	}
	file := pe.FileHeader{
		Machine: pe.IMAGE_FILE_MACHINE_I386, NumberOfSections: uint16(len(w.sections)),
		PointerToSymbolTable: uint32(start + contents.Len()), NumberOfSymbols: absolute + 1 + uint32(len(w.symbols)),
	}
	if w.format == object.Win64 {
		file.Machine = pe.IMAGE_FILE_MACHINE_AMD64
	}
	if !w.windows {
		file.Characteristics = standardFlags
	}
	var out bytes.Buffer
	put(&out, file)
	out.Write(headers.Bytes())
	out.Write(contents.Bytes())
	w.symbolTable(&out)
	put(&out, uint32(4+w.strings.Len()))
	out.Write(w.strings.Bytes())
	return out.Bytes()
}

// checksum is the CRC of a section of which a linker keeps one: that of IEEE without
// the inversions.
func checksum(data []byte) uint32 {
	return ^crc32.Update(^uint32(0), crc32.IEEETable, data)
}

// checkComdat makes sure that sections of which a linker keeps one define the symbol
// that they are chosen by.
func (w *writer) checkComdat() {
	for _, s := range w.sections {
		if s.Section == nil || s.Comdat == nil {
			continue
		}
		defines := slices.ContainsFunc(w.program.Table, func(symbol *program.Symbol) bool {
			segment, placed := symbol.Value.Segment()
			return symbol.Name == s.Comdat.Symbol && placed && segment == s.ID && !symbol.Equ
		})
		if !defines || s.Flags&program.NoBits != 0 {
			w.messages.Add(diag.Errorf(s.Comdat.Range, "section '%s' must have contents and define '%s', by which the linker chooses", s.Name, s.Comdat.Symbol))
		}
	}
}

// symbolTable writes the entries of the file, the sections and the symbols.
func (w *writer) symbolTable(out *bytes.Buffer) {
	put := func(v any) { binary.Write(out, binary.LittleEndian, v) }
	short := func(name string) (b [8]byte) { copy(b[:], name); return b }
	put(pe.COFFSymbol{Name: short(".file"), SectionNumber: debugSection, StorageClass: classFile, NumberOfAuxSymbols: 1})
	var name [pe.COFFSymbolSize]byte
	copy(name[:], w.source)
	put(name)
	for _, s := range w.sections {
		put(pe.COFFSymbol{Name: short(s.Name), SectionNumber: int16(s.index), StorageClass: classStatic, NumberOfAuxSymbols: 1})
		put(uint32(s.Size))
		put(uint16(s.entries()))
		if s.Comdat == nil {
			put([12]byte{})
			continue
		}
		put(uint16(0)) // line numbers
		put(checksum(s.data))
		put(uint16(0)) // an associated section
		put(s.Comdat.Selection)
		put([3]byte{})
	}
	put(pe.COFFSymbol{Name: short(".absolut"), SectionNumber: absoluteSection, StorageClass: classStatic})
	for _, s := range w.symbols {
		put(pe.COFFSymbol{Name: s.name, Value: s.value, SectionNumber: s.section, Type: s.kind, StorageClass: s.class})
	}
}
