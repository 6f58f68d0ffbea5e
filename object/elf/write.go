// Package elf writes relocatable objects in the ELF format (System V ABI,
// chapter 4 "Object Files", and the processor supplements for i386 and x86-64).
//
// The ABI leaves the order of sections, symbols and strings to whoever writes
// the file. Here it is nasm's, so that the files are the same byte for byte:
// the source's sections, .shstrtab, .symtab, .strtab, then a section of
// relocations for every section that has some; section headers right behind
// the ELF header and every section's contents at a multiple of 16.
package elf

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Options are what an object depends on besides the program.
type Options struct {
	Format *object.Format
	// Source is the name of the source file, for the symbol of type FILE.
	Source string
	// Debug asks for debug information; nil for none.
	Debug *object.Debug
}

// Write makes the file. It is nil when the messages hold an error.
func Write(p *program.Program, opts Options) ([]byte, *diag.Bag) {
	w := &writer{program: p, opts: opts, messages: &diag.Bag{}, wide: opts.Format.Pointer == 8}
	w.machine = elf.EM_X86_64
	w.relocations = amd64
	if !w.wide {
		w.relocations = narrowed(amd64)
	}
	if opts.Format.Bits == 32 {
		w.machine = elf.EM_386
		w.relocations = i386
		w.implicit = true
	}
	w.collect()
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	w.contents()
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	return w.file(), w.messages
}

type writer struct {
	program     *program.Program
	opts        Options
	messages    *diag.Bag
	machine     elf.Machine
	relocations map[string]kinds
	wide        bool // ELFCLASS64
	implicit    bool // addends stand in the fields (REL), not in the relocations (RELA)

	sections     []*section
	debug        []*header                 // sections of debug information, behind those of the source
	placed       map[lang.SegmentID]Placed // of an executable, else nil
	debugSymbols []int                     // the indexes of those that have a symbol
	byID         map[lang.SegmentID]*section
	symbols      map[lang.SegmentID]*symbol // externals and common variables
	locals       []*symbol
	globals      []*symbol
	strings      strings
}

// section is a section of the source on its way into the file.
type section struct {
	*program.Section
	index       int    // in the section header table
	address     uint64 // of an executable
	data        []byte
	relocations []relocation
	globals     []*symbol // defined in it
}

// symbol is an entry of the symbol table but for those of files and sections.
type symbol struct {
	*program.Symbol
	name    uint32           // offset in .strtab
	section int              // index
	special elf.SectionIndex // instead of a section: SHN_ABS, SHN_COMMON
	value   uint64
	size    uint64
	info    uint8
	index   int // in the table
}

// strings is a string table.
type strings struct{ bytes.Buffer }

// add appends a string and returns its offset.
func (s *strings) add(text string) uint32 {
	at := s.Len()
	s.WriteString(text)
	s.WriteByte(0)
	return uint32(at)
}

// collect numbers the sections and makes the symbol table.
func (w *writer) collect() {
	w.byID = map[lang.SegmentID]*section{}
	w.symbols = map[lang.SegmentID]*symbol{}
	for i, s := range w.program.Sections {
		out := &section{Section: s, index: i + 1}
		w.sections = append(w.sections, out)
		w.byID[s.ID] = out
		switch s.Name {
		case ".shstrtab", ".symtab", ".strtab":
			w.messages.Add(diag.Errorf(s.Range, "'%s' is the name of a section that every ELF object has; choose another", s.Name))
		}
	}
	w.table()
}

// table makes the debug information and the symbol table.
func (w *writer) table() {
	w.addDebug()
	w.strings.add("")
	w.strings.add(w.opts.Source)
	for _, s := range w.program.Table {
		w.symbol(s)
	}
	// Behind the empty symbol, the file and the sections.
	index := 2 + len(w.sections) + len(w.debugSymbols)
	for _, list := range [][]*symbol{w.locals, w.globals} {
		for _, s := range list {
			s.index = index
			index++
		}
	}
}

// codeAt reports whether an instruction stands at an offset. To nasm a label in front of
// code names the next data, wherever that is; in an executable gdb would find no
// function there.
func (s *section) codeAt(offset int64) bool {
	if s == nil {
		return false
	}
	i, found := slices.BinarySearchFunc(s.Fragments, offset, func(f program.Fragment, offset int64) int { return cmp.Compare(f.Offset, offset) })
	for ; found && i < len(s.Fragments) && s.Fragments[i].Offset == offset; i++ {
		if s.Fragments[i].Size*s.Fragments[i].Repeat > 0 {
			return s.Fragments[i].Kind == program.Code
		}
	}
	return false
}

// symbol adds s to the symbol table.
func (w *writer) symbol(s *program.Symbol) {
	out := &symbol{Symbol: s, name: w.strings.add(s.Name), value: uint64(s.Value.N), size: uint64(s.Size), special: elf.SHN_ABS}
	binding, kind := elf.STB_LOCAL, symbolTypes[s.Type]
	segment, placed := s.Value.Segment()
	in := w.byID[segment]
	switch {
	case s.Common:
		out.special, out.value = elf.SHN_COMMON, uint64(s.Align)
	case s.Extern:
		out.special = elf.SHN_UNDEF
	case in != nil:
		out.section, out.special = in.index, elf.SHN_UNDEF
		if in.Flags&program.TLS != 0 && s.Global {
			kind = elf.STT_TLS
		}
	case placed || len(s.Value.Terms()) > 0:
		// An EQU of an external, as in nasm, has no place of its own.
		out.special, out.value = elf.SHN_UNDEF, 0
	}
	switch {
	case s.Weak:
		binding = elf.STB_WEAK
	case s.Global || s.Extern || s.Common:
		binding = elf.STB_GLOBAL
	}
	if w.opts.Debug != nil && binding == elf.STB_LOCAL && kind == elf.STT_NOTYPE && s.Element > 0 && !(w.placed != nil && in.codeAt(s.Value.N)) {
		kind, out.size = elf.STT_OBJECT, uint64(s.Element)
	}
	out.info = elf.ST_INFO(binding, kind)
	if binding == elf.STB_LOCAL {
		w.locals = append(w.locals, out)
		return
	}
	w.globals = append(w.globals, out)
	switch {
	case s.Extern || s.Common:
		w.symbols[segment] = out
	case in != nil:
		in.globals = append(in.globals, out)
	}
}

var symbolTypes = map[program.SymbolType]elf.SymType{
	program.NoType:      elf.STT_NOTYPE,
	program.Function:    elf.STT_FUNC,
	program.Object:      elf.STT_OBJECT,
	program.ThreadLocal: elf.STT_TLS,
}

// contents makes the sections' bytes and relocations.
func (w *writer) contents() {
	for _, s := range w.sections {
		s.data = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) {
			return w.refer(s, r)
		}, w.messages)
	}
}

// symbolTable returns .symtab and the number of its local symbols.
func (w *writer) symbolTable() (*header, []byte) {
	var table, wideIndexes bytes.Buffer
	add := func(name uint32, info, other uint8, section int, special elf.SectionIndex, value, size uint64) {
		index, wide := uint16(section)|uint16(special), uint32(0)
		if section >= int(elf.SHN_LORESERVE) {
			index, wide = uint16(elf.SHN_XINDEX), uint32(section)
		}
		if w.wide {
			put(&table, elf.Sym64{Name: name, Info: info, Other: other, Shndx: index, Value: value, Size: size})
		} else {
			put(&table, elf.Sym32{Name: name, Info: info, Other: other, Shndx: index, Value: uint32(value), Size: uint32(size)})
		}
		put(&wideIndexes, wide)
	}
	add(0, 0, 0, 0, 0, 0, 0)
	add(1, elf.ST_INFO(elf.STB_LOCAL, elf.STT_FILE), 0, 0, elf.SHN_ABS, 0, 0)
	for _, s := range w.sections {
		add(0, elf.ST_INFO(elf.STB_LOCAL, elf.STT_SECTION), 0, s.index, 0, 0, 0)
	}
	kind := elf.STT_SECTION
	if len(w.sections) == 0 {
		kind = elf.STT_NOTYPE // as nasm has it
	}
	for _, index := range w.debugSymbols {
		add(0, elf.ST_INFO(elf.STB_LOCAL, kind), 0, index, 0, 0, 0)
	}
	for _, list := range [][]*symbol{w.locals, w.globals} {
		for _, s := range list {
			add(s.name, s.info, uint8(s.Visibility), s.section, s.special, s.value, s.size)
		}
	}
	h := &header{name: ".symtab", kind: elf.SHT_SYMTAB, data: table.Bytes(), stored: true,
		info: 2 + len(w.sections) + len(w.debugSymbols) + len(w.locals), align: w.addressSize(), entry: binary.Size(elf.Sym32{})}
	if w.wide {
		h.entry = binary.Size(elf.Sym64{})
	}
	return h, wideIndexes.Bytes()
}

func (w *writer) addressSize() int {
	if w.wide {
		return 8
	}
	return 4
}

// put appends v in little-endian order.
func put(b *bytes.Buffer, v any) {
	binary.Write(b, binary.LittleEndian, v) // a Buffer takes everything
}
