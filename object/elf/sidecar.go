package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"tasm/object"
	"tasm/object/dwarf"
	"tasm/program"
)

// Sidecar is what debuggers read of an executable that has no room for it: a file
// beside it with its symbols and line numbers, and nothing of the program itself.
type Sidecar struct {
	Bits      int    // 32 or 64
	Low, High uint64 // the addresses of the program
	Entry     uint64
	Labels    []Mark
	Lines     []Mark // in order of address
	Source    string
	Debug     *object.Debug
}

// Mark says what stands at an address: a label, or a line of a file.
type Mark struct {
	Address uint64
	Name    string // of the label or file
	Line    int
	Data    bool // a label of no code
}

// Bytes makes the file.
func (s *Sidecar) Bytes() []byte {
	w := &writer{program: &program.Program{}, wide: s.Bits == 64, machine: elf.EM_386, opts: Options{Format: object.ELF32}}
	if w.wide {
		w.machine, w.opts.Format = elf.EM_X86_64, object.ELF64
	}
	const text, info, abbrev, line, symbols, names, headerNames = 1, 2, 3, 4, 5, 6, 7
	list := []*header{
		{},
		{name: ".text", kind: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, size: int64(s.High - s.Low), align: 1},
		{name: ".debug_info", data: s.unit(w)},
		{name: ".debug_abbrev"},
		{name: ".debug_line", data: s.lines(w)},
		{name: ".symtab", kind: elf.SHT_SYMTAB, link: names, info: 1, align: w.addressSize()},
		{name: ".strtab", kind: elf.SHT_STRTAB, align: 1},
		{name: ".shstrtab", kind: elf.SHT_STRTAB, align: 1},
	}
	forms := w.debugSection()
	abbreviations(&forms)
	list[abbrev].data = forms.Bytes()
	for _, i := range []int{info, abbrev, line} {
		list[i].kind, list[i].align = elf.SHT_PROGBITS, 1
	}
	list[symbols].data, list[symbols].entry, list[names].data = s.symbols(w, text)

	var table strings
	table.add("")
	offsets := make([]uint32, len(list))
	for i, h := range list[1:] {
		offsets[i+1] = table.add(h.name)
	}
	list[headerNames].data = table.Bytes()

	var out, contents bytes.Buffer
	w.fileHeader(&out, len(list), headerNames)
	start := out.Len() + len(list)*w.headerSize()
	for i, h := range list {
		offset, address := int64(start+contents.Len()), uint64(0)
		switch {
		case i == 0:
			offset = 0
		case i == text:
			address = s.Low
		default:
			h.size = int64(len(h.data))
			contents.Write(h.data)
		}
		w.placedHeader(&out, h, offsets[i], offset, address)
	}
	out.Write(contents.Bytes())
	data := out.Bytes()
	binary.LittleEndian.PutUint16(data[16:], uint16(elf.ET_EXEC))
	if w.wide {
		binary.LittleEndian.PutUint64(data[24:], s.Entry)
	} else {
		binary.LittleEndian.PutUint32(data[24:], uint32(s.Entry))
	}
	return data
}

// symbols makes the table of labels, and their names.
func (s *Sidecar) symbols(w *writer, section uint16) (table []byte, entry int, text []byte) {
	var out bytes.Buffer
	var names strings
	names.add("")
	for _, m := range append([]Mark{{}}, s.Labels...) {
		name, in, info := uint32(0), uint16(0), uint8(0)
		if m.Name != "" {
			name, in, info = names.add(m.Name), section, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE)
			if m.Data {
				// Else gdb takes it for the function that the code behind is of.
				in, info = uint16(elf.SHN_ABS), elf.ST_INFO(elf.STB_GLOBAL, elf.STT_OBJECT)
			}
		}
		if w.wide {
			put(&out, elf.Sym64{Name: name, Info: info, Shndx: in, Value: m.Address})
		} else {
			put(&out, elf.Sym32{Name: name, Info: info, Shndx: in, Value: uint32(m.Address)})
		}
	}
	entry = binary.Size(elf.Sym32{})
	if w.wide {
		entry = binary.Size(elf.Sym64{})
	}
	return out.Bytes(), entry, names.Bytes()
}

// unit makes .debug_info.
func (s *Sidecar) unit(w *writer) []byte {
	out := w.debugSection()
	out.Put16(3)
	out.Put32(0) // the abbreviations
	out.Put8(w.addressSize())
	out.Put8(1)
	out.Address(int64(s.Low))
	out.Address(int64(s.High))
	out.Put32(0) // the line numbers
	out.Text(s.Source)
	out.Text(s.Debug.Directory)
	out.Text(s.Debug.Producer)
	out.Put16(dwarf.LangMipsAssemble)
	out.Put8(0)
	out.withLength()
	return out.Bytes()
}

// lines makes .debug_line.
func (s *Sidecar) lines(w *writer) []byte {
	index := map[string]int{}
	var files []string
	for _, m := range s.Lines {
		if index[m.Name] == 0 {
			files = append(files, m.Name)
			index[m.Name] = len(files)
		}
	}
	q := &sequence{code: w.debugSection()}
	q.lines = dwarf.Begin(&q.code.Buffer)
	q.code.Address(int64(s.Low))
	for _, m := range s.Lines {
		q.lines.Advance(&q.code.Buffer, index[m.Name], m.Line, int64(m.Address-s.Low))
	}
	q.code.AdvancePC(int64(s.High-s.Low) - q.lines.Offset)
	q.code.End()
	out := w.debugSection()
	w.lineTable(&out, []*sequence{q}, files)
	return out.Bytes()
}
