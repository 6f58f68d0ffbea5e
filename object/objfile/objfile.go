// Package objfile reads relocatable ELF objects and static archives, which other
// compilers have made, as programs that program.Join can join with others (System V
// ABI, "Object Files"; processor supplements, "Relocation Types"). What they hold is
// not trusted.
package objfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/linux"
	"tasm/program"
)

// MaxSymbols and MaxRelocations bound what is read of one object.
const (
	MaxSymbols     = 1 << 20
	MaxRelocations = 1 << 20
)

// IsObject reports whether data is an ELF file, IsArchive whether it is an archive.
func IsObject(data []byte) bool  { return bytes.HasPrefix(data, []byte(elf.ELFMAG)) }
func IsArchive(data []byte) bool { return bytes.HasPrefix(data, []byte(archiveMagic)) }

// Is reports whether data is either.
func Is(data []byte) bool { return IsObject(data) || IsArchive(data) }

// Groups are the names of the COMDAT groups that have been read, of which only the
// first of a name counts.
type Groups map[string]bool

// object is an object that is being read.
type object struct {
	file     *elf.File
	at       diag.Range // of the file, for messages
	program  *program.Program
	sections map[elf.SectionIndex]*program.Section
	data     map[elf.SectionIndex][]byte
	symbols  []elf.Symbol
	values   []lang.Value // of symbols
	known    []bool       // which of them have one
	segments lang.SegmentID
}

// Object reads a relocatable object; at is what messages name as its place.
func Object(data []byte, at diag.Range, groups Groups) (p *program.Program, m *diag.Message) {
	defer func() {
		if v := recover(); v != nil { // debug/elf promises nothing for malformed files
			p, m = nil, diag.Errorf(at, "this is no ELF object: %v", v)
		}
	}()
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, diag.Errorf(at, "this is no ELF object: %v", err)
	}
	o := &object{file: file, at: at, program: &program.Program{}, sections: map[elf.SectionIndex]*program.Section{}, data: map[elf.SectionIndex][]byte{}}
	for _, step := range []func() *diag.Message{o.target, func() *diag.Message { return o.readSections(groups) }, o.readSymbols, o.relocate} {
		if m := step(); m != nil {
			return nil, m
		}
	}
	return o.program, nil
}

func (o *object) fail(format string, args ...any) *diag.Message {
	return diag.Errorf(o.at, format, args...)
}

// target finds out which system the object is for.
func (o *object) target() *diag.Message {
	abi := linux.I386
	switch f := o.file; {
	case f.Type != elf.ET_REL:
		return o.fail("this ELF file is no relocatable object, so nothing can be joined with it").
			Notef("compilers make objects with -c; shared libraries need a linker")
	case f.Machine == elf.EM_X86_64 && f.Class == elf.ELFCLASS64:
		abi = linux.X8664
	case f.Machine != elf.EM_386 || f.Class != elf.ELFCLASS32:
		return o.fail("this object is for another machine: %v", f.Machine)
	}
	o.program.Target, o.program.Bits = abi.Target, abi.Bits
	o.program.Targets = []string{abi.Target}
	return nil
}

func (o *object) newSegment() lang.SegmentID {
	o.segments++
	return o.segments
}

// ignored are sections that a program without a C library has no use for: how to
// unwind the stack, and remarks.
func ignored(s *elf.Section) bool {
	return s.Flags&elf.SHF_ALLOC == 0 || s.Type == elf.SHT_NOTE || s.Name == ".eh_frame"
}

// readSections takes over the sections that are loaded.
func (o *object) readSections(groups Groups) *diag.Message {
	dropped, m := o.groups(groups)
	if m != nil {
		return m
	}
	for i, s := range o.file.Sections {
		if ignored(s) || dropped[i] {
			continue
		}
		flags := program.Alloc
		for theirs, ours := range map[elf.SectionFlag]program.Flags{elf.SHF_WRITE: program.Write, elf.SHF_EXECINSTR: program.Exec} {
			if s.Flags&theirs != 0 {
				flags |= ours
			}
		}
		align := max(1, int64(s.Addralign))
		fragment := program.Fragment{Kind: program.Data, Repeat: 1, Size: int64(s.Size), Source: &lang.Statement{Range: o.at}}
		switch {
		case s.Flags&elf.SHF_TLS != 0:
			return o.fail("section '%s' is of each thread, which only a linker and a C library can arrange", s.Name)
		case s.Type == elf.SHT_INIT_ARRAY || s.Type == elf.SHT_FINI_ARRAY || s.Type == elf.SHT_PREINIT_ARRAY:
			return o.fail("section '%s' holds functions that a C library would call at the start: link with gcc", s.Name)
		case align&(align-1) != 0 || align > 1<<30 || s.Size > 1<<40:
			return o.fail("section '%s' has an impossible size or alignment", s.Name)
		case s.Type == elf.SHT_NOBITS:
			flags |= program.NoBits
			fragment.Kind = program.Space
		case s.Type != elf.SHT_PROGBITS:
			return o.fail("section '%s' is of a kind that needs a linker: %v", s.Name, s.Type)
		default:
			data, err := s.Data()
			if err != nil {
				return o.fail("section '%s' can't be read: %v", s.Name, err)
			}
			fragment.Bytes = data
			o.data[elf.SectionIndex(i)] = data
		}
		out := &program.Section{ID: o.newSegment(), Name: s.Name, Range: o.at, Flags: flags, Align: align, Size: int64(s.Size)}
		if s.Size > 0 {
			out.Fragments = []program.Fragment{fragment}
		}
		o.sections[elf.SectionIndex(i)] = out
		o.program.Sections = append(o.program.Sections, out)
	}
	return nil
}

// groups notes the COMDAT groups and returns the sections of those that are there
// already.
func (o *object) groups(seen Groups) (dropped map[int]bool, _ *diag.Message) {
	dropped = map[int]bool{}
	for _, s := range o.file.Sections {
		if s.Type != elf.SHT_GROUP {
			continue
		}
		data, err := s.Data()
		symbols, _ := o.file.Symbols()
		if err != nil || len(data) < 4 || s.Info == 0 || int(s.Info) > len(symbols) {
			return nil, o.fail("group '%s' can't be read", s.Name)
		}
		name := symbols[s.Info-1].Name
		if o.file.ByteOrder.Uint32(data)&1 == 0 { // no GRP_COMDAT
			continue
		}
		if seen[name] {
			for at := 4; at+4 <= len(data); at += 4 {
				dropped[int(o.file.ByteOrder.Uint32(data[at:]))] = true
			}
		}
		seen[name] = true
	}
	return dropped, nil
}

// readSymbols gives each symbol its value. What is defined elsewhere, common
// variables and symbols of dropped sections among it, stands for an address of its
// own until the programs are joined.
func (o *object) readSymbols() *diag.Message {
	symbols, err := o.file.Symbols()
	if err != nil && err != elf.ErrNoSymbols {
		return o.fail("the symbols can't be read: %v", err)
	}
	if len(symbols) > MaxSymbols {
		return o.fail("the object has more than %d symbols", MaxSymbols)
	}
	o.symbols = symbols
	o.values, o.known = make([]lang.Value, len(symbols)), make([]bool, len(symbols))
	for i := range symbols {
		s := &symbols[i]
		kind, binding := elf.ST_TYPE(s.Info), elf.ST_BIND(s.Info)
		out := &program.Symbol{Name: s.Name, Range: o.at, Global: binding != elf.STB_LOCAL}
		out.Weak, out.Size = binding == elf.STB_WEAK, int64(s.Size)
		if kind == elf.STT_FUNC {
			out.Type = program.Function
		}
		in := o.sections[s.Section]
		switch {
		case kind == elf.STT_GNU_IFUNC || kind == elf.STT_TLS:
			return o.fail("symbol '%s' needs a linker and a C library: %v", s.Name, kind)
		case kind == elf.STT_FILE:
			continue
		case s.Section == elf.SHN_ABS:
			out.Value = lang.Number64(int64(s.Value))
		case in != nil:
			out.Value = lang.InSegment(in.ID, int64(s.Value))
		case s.Section == elf.SHN_COMMON:
			out.Common, out.Align = true, int64(s.Value)
			out.Value = lang.InSegment(o.newSegment(), 0)
		case out.Global:
			out.Extern = true
			out.Value = lang.InSegment(o.newSegment(), 0)
		default:
			continue // in a section that is left out
		}
		o.values[i], o.known[i] = out.Value, true
		switch {
		case kind == elf.STT_SECTION || s.Name == "":
		case out.Extern:
			o.program.Externs = append(o.program.Externs, out)
		default:
			o.program.Symbols = append(o.program.Symbols, out)
		}
	}
	return nil
}

// relocation is one field that a linker would fill in.
type relocation struct {
	offset, addend int64
	symbol, kind   uint32
}

// relocate makes fixups of relocations.
func (o *object) relocate() *diag.Message {
	for _, s := range o.file.Sections {
		target := elf.SectionIndex(s.Info)
		in := o.sections[target]
		if s.Type != elf.SHT_REL && s.Type != elf.SHT_RELA || in == nil {
			continue
		}
		table, err := s.Data()
		if err != nil || in.Flags&program.NoBits != 0 {
			return o.fail("the relocations of section '%s' can't be read", in.Name)
		}
		list := o.relocations(table, s.Type == elf.SHT_RELA)
		if len(list) > MaxRelocations {
			return o.fail("section '%s' has more than %d relocations", in.Name, MaxRelocations)
		}
		for _, r := range list {
			if m := o.fixup(in, o.data[target], r, s.Type == elf.SHT_RELA); m != nil {
				return m
			}
		}
	}
	return nil
}

// relocations decodes a table of them.
func (o *object) relocations(table []byte, explicit bool) (list []relocation) {
	order := binary.LittleEndian
	wide := o.file.Class == elf.ELFCLASS64
	size := map[bool]int{false: 8, true: 16}[wide]
	if explicit {
		size = size * 3 / 2
	}
	for ; len(table) >= size; table = table[size:] {
		var r relocation
		if wide {
			info := order.Uint64(table[8:])
			r = relocation{offset: int64(order.Uint64(table)), symbol: elf.R_SYM64(info), kind: elf.R_TYPE64(info)}
			if explicit {
				r.addend = int64(order.Uint64(table[16:]))
			}
		} else {
			info := order.Uint32(table[4:])
			r = relocation{offset: int64(order.Uint32(table)), symbol: elf.R_SYM32(info), kind: elf.R_TYPE32(info)}
			if explicit {
				r.addend = int64(int32(order.Uint32(table[8:])))
			}
		}
		list = append(list, r)
	}
	return list
}

// field is what a relocation of some type asks for.
type field struct {
	size             uint8
	relative, signed bool
	// loads is set where the field holds the place of an address, which can be
	// made the address itself: see direct.
	loads bool
}

// fields are the relocations that need nothing but addresses.
var fields = map[elf.Machine]map[uint32]field{
	elf.EM_386: {
		uint32(elf.R_386_32): {size: 4}, uint32(elf.R_386_16): {size: 2}, uint32(elf.R_386_8): {size: 1},
		uint32(elf.R_386_PC32): {size: 4, relative: true}, uint32(elf.R_386_PLT32): {size: 4, relative: true},
		uint32(elf.R_386_PC16): {size: 2, relative: true}, uint32(elf.R_386_PC8): {size: 1, relative: true},
	},
	elf.EM_X86_64: {
		uint32(elf.R_X86_64_64): {size: 8}, uint32(elf.R_X86_64_32): {size: 4}, uint32(elf.R_X86_64_32S): {size: 4, signed: true},
		uint32(elf.R_X86_64_16): {size: 2}, uint32(elf.R_X86_64_8): {size: 1},
		uint32(elf.R_X86_64_PC64): {size: 8, relative: true}, uint32(elf.R_X86_64_PC32): {size: 4, relative: true}, uint32(elf.R_X86_64_PLT32): {size: 4, relative: true},
		uint32(elf.R_X86_64_PC16): {size: 2, relative: true}, uint32(elf.R_X86_64_PC8): {size: 1, relative: true},
		uint32(elf.R_X86_64_GOTPCRELX): {size: 4, relative: true, loads: true}, uint32(elf.R_X86_64_REX_GOTPCRELX): {size: 4, relative: true, loads: true},
	},
}

// fixup makes the fixup for r, a field of section in.
func (o *object) fixup(in *program.Section, data []byte, r relocation, explicit bool) *diag.Message {
	f, known := fields[o.file.Machine][r.kind]
	if r.kind == 0 {
		return nil // nothing is to be done
	}
	if !known {
		return o.fail("section '%s' has a relocation that needs a linker: %s", in.Name, o.kindName(r.kind)).
			Notef("code that is not position-independent has none: gcc -fno-pic -fno-pie")
	}
	if r.offset < 0 || r.offset > int64(len(data))-int64(f.size) {
		return o.fail("section '%s' has a relocation outside of it", in.Name)
	}
	i := int(r.symbol) - 1
	value := lang.Value{}
	switch {
	case r.symbol == 0:
	case i >= len(o.values):
		return o.fail("section '%s' has a relocation to a symbol that does not exist", in.Name)
	case !o.known[i]:
		return o.fail("section '%s' refers to '%s', which is in a part of the object that is not loaded", in.Name, o.symbols[i].Name)
	default:
		value = o.values[i]
	}
	place := data[r.offset : r.offset+int64(f.size)]
	if !explicit {
		var word [8]byte
		copy(word[:], place)
		shift := 64 - 8*int(f.size)
		r.addend = int64(binary.LittleEndian.Uint64(word[:])<<shift) >> shift
	}
	value.N += r.addend
	if f.loads && !direct(data, r.offset) {
		return o.fail("section '%s' has an instruction that reads an address from a table, which only a linker makes", in.Name)
	}
	clear(place)
	out := program.Fixup{Offset: int32(r.offset), Size: f.size, End: int32(r.offset), SignExtended: f.signed || f.relative, Value: value, Range: o.at}
	if f.relative {
		out.Kind = x86.Relative
	}
	in.Fragments[0].Fixups = append(in.Fragments[0].Fixups, out)
	return nil
}

func (o *object) kindName(kind uint32) string {
	if o.file.Machine == elf.EM_386 {
		return elf.R_386(kind).String()
	}
	return elf.R_X86_64(kind).String()
}

// direct turns an instruction that takes an address from the global offset table
// into one with the address itself, as linkers do (psABI for x86-64, "Optimize
// GOTPCRELX Relocations"): mov to lea, call and jmp through memory to direct ones.
func direct(data []byte, offset int64) bool {
	if offset < 2 {
		return false
	}
	code := data[offset-2 : offset : offset+4]
	switch {
	case code[0] == 0x8b && code[1]&0xc7 == 0x05: // mov r, [rip+...]
		code[0] = 0x8d
	case code[0] == 0xff && code[1] == 0x15: // call [rip+...]
		code[0], code[1] = 0x67, 0xe8
	case code[0] == 0xff && code[1] == 0x25: // jmp [rip+...], whose field stays where it is
		code[0], code[1] = 0x3e, 0xe9
	default:
		return false
	}
	return true
}

// Member is a file in an archive.
type Member struct {
	Name string
	Data []byte
}

const archiveMagic = "!<arch>\n"

// Archive lists the objects in a static archive (ar(5)).
func Archive(data []byte) ([]Member, error) {
	const headerSize = 60
	var list []Member
	var names string
	for at := len(archiveMagic); at < len(data); {
		if len(data)-at < headerSize {
			return nil, fmt.Errorf("the archive ends in the header of a member")
		}
		header := data[at : at+headerSize]
		at += headerSize
		var size int
		if _, err := fmt.Sscanf(strings.TrimSpace(string(header[48:58])), "%d", &size); err != nil || size < 0 || size > len(data)-at {
			return nil, fmt.Errorf("the archive ends in a member, or gives it no size")
		}
		body := data[at : at+size]
		at += size + size&1
		name := strings.TrimRight(string(header[:16]), " ")
		switch {
		case name == "//":
			names = string(body)
			continue
		case strings.HasPrefix(name, "/") && len(name) > 1:
			var offset int
			if _, err := fmt.Sscanf(name[1:], "%d", &offset); err == nil && offset >= 0 && offset < len(names) {
				name, _, _ = strings.Cut(names[offset:], "\n")
			}
		}
		if IsObject(body) {
			list = append(list, Member{Name: strings.TrimSuffix(name, "/"), Data: bytes.Clone(body)})
		}
	}
	return list, nil
}

// Defines lists the global symbols that an object defines; nil if it is none.
func Defines(data []byte) (names []string) {
	defer func() { _ = recover() }() // it will be told of when it is read
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	symbols, _ := file.Symbols()
	for i := range symbols {
		if s := &symbols[i]; elf.ST_BIND(s.Info) != elf.STB_LOCAL && s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	return names
}
