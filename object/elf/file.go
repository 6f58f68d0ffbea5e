package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"tasm/program"
)

// header is a row of the section header table and what it describes.
type header struct {
	name              string
	kind              elf.SectionType
	flags             elf.SectionFlag
	data              []byte
	stored            bool // the data is in the file
	size              int64
	link, info, align int
	entry             int
	toSymbols         bool // link is the index of the symbol table
}

// fileAlign is what the offset of every section in the file is a multiple of.
const fileAlign = 16

// file puts everything together.
func (w *writer) file() []byte {
	headers := w.headers()
	var names strings
	names.add("")
	offsets := make([]uint32, len(headers))
	for i, h := range headers[1:] {
		offsets[i+1] = names.add(h.name)
	}
	table := 1 + len(w.sections) + len(w.debug) // the index of .shstrtab
	headers[table].data = names.Bytes()

	var out, contents bytes.Buffer
	w.fileHeader(&out, len(headers), table)
	start := binary.Size(elf.Header64{}) + len(headers)*w.headerSize()
	start += -start & (fileAlign - 1)
	for i, h := range headers {
		if h.stored {
			h.size = int64(len(h.data))
		}
		offset := 0
		if i > 0 {
			offset = start + contents.Len()
		}
		if i == 0 { // where counts do not fit the ELF header
			if len(headers) >= int(elf.SHN_LORESERVE) {
				h.size = int64(len(headers))
			}
			if table >= int(elf.SHN_LORESERVE) {
				h.link = table
			}
		}
		w.sectionHeader(&out, h, offsets[i], offset)
		if h.stored {
			contents.Write(h.data)
			contents.Write(make([]byte, -len(h.data)&(fileAlign-1)))
		}
	}
	out.Write(make([]byte, start-out.Len()))
	out.Write(contents.Bytes())
	return out.Bytes()
}

// headers lists the sections in the order of their headers.
func (w *writer) headers() []*header {
	list := []*header{{}}
	for _, s := range w.sections {
		list = append(list, &header{
			name: s.Name, kind: sectionType(s.Section), flags: sectionFlags(s.Flags),
			data: s.data, stored: s.Flags&program.NoBits == 0, size: s.Size,
			align: int(s.Align), entry: int(s.EntrySize),
		})
	}
	list = append(list, w.debug...)
	symbols, wideIndexes := w.symbolTable()
	list = append(list, &header{name: ".shstrtab", kind: elf.SHT_STRTAB, stored: true, align: 1}, symbols)
	symbolIndex := len(list) - 1
	symbols.link = len(list)
	list = append(list, &header{name: ".strtab", kind: elf.SHT_STRTAB, data: w.strings.Bytes(), stored: true, align: 1})
	if len(w.sections)+len(w.debug) >= int(elf.SHN_LORESERVE) {
		list = append(list, &header{name: ".symtab_shndx", kind: elf.SHT_SYMTAB_SHNDX, data: wideIndexes, stored: true, link: symbolIndex, align: 1})
	}
	for _, s := range w.sections {
		if len(s.relocations) > 0 {
			list = append(list, w.relocationTable(s.Name, s.index, s.relocations))
		}
	}
	for _, h := range list {
		if h.toSymbols {
			h.link = symbolIndex
		}
	}
	return list
}

func sectionType(s *program.Section) elf.SectionType {
	if s.Flags&program.NoBits != 0 {
		return elf.SHT_NOBITS
	}
	return map[program.SectionType]elf.SectionType{
		program.Ordinary:     elf.SHT_PROGBITS,
		program.Note:         elf.SHT_NOTE,
		program.PreinitArray: elf.SHT_PREINIT_ARRAY,
		program.InitArray:    elf.SHT_INIT_ARRAY,
		program.FiniArray:    elf.SHT_FINI_ARRAY,
	}[s.Type]
}

func sectionFlags(flags program.Flags) (out elf.SectionFlag) {
	for _, f := range []struct {
		ours   program.Flags
		theirs elf.SectionFlag
	}{
		{program.Alloc, elf.SHF_ALLOC},
		{program.Write, elf.SHF_WRITE},
		{program.Exec, elf.SHF_EXECINSTR},
		{program.TLS, elf.SHF_TLS},
		{program.Merge, elf.SHF_MERGE},
		{program.Strings, elf.SHF_STRINGS},
	} {
		if flags&f.ours != 0 {
			out |= f.theirs
		}
	}
	return out
}

func (w *writer) headerSize() int {
	if w.wide {
		return binary.Size(elf.Section64{})
	}
	return binary.Size(elf.Section32{})
}

// fileHeader writes the ELF header. The section headers follow where that of
// the larger class would end, in both classes.
func (w *writer) fileHeader(out *bytes.Buffer, sections, names int) {
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS32), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	ident[elf.EI_OSABI], ident[elf.EI_ABIVERSION] = w.program.OSABI, w.program.ABIVersion
	shoff := binary.Size(elf.Header64{})
	count, index := uint16(sections), uint16(names)
	if sections >= int(elf.SHN_LORESERVE) {
		count = 0
	}
	if names >= int(elf.SHN_LORESERVE) {
		index = uint16(elf.SHN_XINDEX)
	}
	if w.wide {
		ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
		put(out, elf.Header64{
			Ident: ident, Type: uint16(elf.ET_REL), Machine: uint16(w.machine), Version: uint32(elf.EV_CURRENT),
			Shoff: uint64(shoff), Ehsize: uint16(shoff), Shentsize: uint16(w.headerSize()), Shnum: count, Shstrndx: index,
		})
		return
	}
	put(out, elf.Header32{
		Ident: ident, Type: uint16(elf.ET_REL), Machine: uint16(w.machine), Version: uint32(elf.EV_CURRENT),
		Shoff: uint32(shoff), Ehsize: uint16(binary.Size(elf.Header32{})), Shentsize: uint16(w.headerSize()), Shnum: count, Shstrndx: index,
	})
	out.Write(make([]byte, shoff-out.Len()))
}

func (w *writer) sectionHeader(out *bytes.Buffer, h *header, name uint32, offset int) {
	w.placedHeader(out, h, name, int64(offset), 0)
}

func (w *writer) placedHeader(out *bytes.Buffer, h *header, name uint32, offset int64, address uint64) {
	if w.wide {
		put(out, elf.Section64{
			Name: name, Type: uint32(h.kind), Flags: uint64(h.flags), Addr: address, Off: uint64(offset), Size: uint64(h.size),
			Link: uint32(h.link), Info: uint32(h.info), Addralign: uint64(h.align), Entsize: uint64(h.entry),
		})
		return
	}
	put(out, elf.Section32{
		Name: name, Type: uint32(h.kind), Flags: uint32(h.flags), Addr: uint32(address), Off: uint32(offset), Size: uint32(h.size),
		Link: uint32(h.link), Info: uint32(h.info), Addralign: uint32(h.align), Entsize: uint32(h.entry),
	})
}
