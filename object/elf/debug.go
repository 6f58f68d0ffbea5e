package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"tasm/diag"
	"tasm/program"
)

// Debug is what a debugger needs to find its way from code to source.
type Debug struct {
	// Format is "dwarf" or "stabs".
	Format string
	Files  *diag.Files
	// Directory is where the source was assembled, and Producer who did.
	Directory, Producer string
}

// place is a line of the source and where its code is.
type place struct {
	section *section
	offset  int64
	file    string
	line    int
	// fresh is set where the line is another than that of the place before.
	fresh bool
}

// places lists what the source put into executable sections, in its order.
// A line that goes on in another section is only told of where it begins.
func (w *writer) places() []place {
	var list []place
	var file string
	line, fresh := 0, false
	for i := range w.program.Lines {
		l := &w.program.Lines[i]
		at := w.opts.Debug.Files.Position(l.Source.Place())
		if at.Line != line || at.File != file {
			file, line, fresh = at.File, at.Line, true
		}
		s := w.byID[l.Section]
		if s == nil || s.Flags&program.Exec == 0 {
			continue
		}
		list = append(list, place{s, l.Offset, file, line, fresh})
		fresh = false
	}
	return list
}

// addDebug appends the sections of debug information to those of the source.
func (w *writer) addDebug() {
	switch d := w.opts.Debug; {
	case d == nil:
	case d.Format == "stabs":
		w.stabs()
	default:
		w.dwarf()
	}
}

// debugSection is a section of debug information in the making.
type debugSection struct {
	bytes.Buffer
	w           *writer
	relocations []relocation
}

func (s *debugSection) put8(v int)  { s.WriteByte(byte(v)) }
func (s *debugSection) put16(v int) { put(&s.Buffer, uint16(v)) }
func (s *debugSection) put32(v int) { put(&s.Buffer, uint32(v)) }

// address appends a number as wide as an address.
func (s *debugSection) address(v int64) {
	if s.w.wide {
		put(&s.Buffer, v)
	} else {
		put(&s.Buffer, int32(v))
	}
}

func (s *debugSection) text(text string) {
	s.WriteString(text)
	s.WriteByte(0)
}

func (s *debugSection) unsigned(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		s.WriteByte(byte(v) | 0x80)
	}
	s.WriteByte(byte(v))
}

func (s *debugSection) signed(v int64) {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			s.WriteByte(b)
			return
		}
		s.WriteByte(b | 0x80)
	}
}

// reference appends an address: the symbol of that index plus addend.
func (s *debugSection) reference(symbol int, addend int64) {
	s.relocate(symbol, addend, s.w.wide)
	if !s.w.implicit {
		addend = 0
	}
	s.address(addend)
}

// reference32 appends an offset in a section, 32 bits wide.
func (s *debugSection) reference32(symbol int, addend int64) {
	s.relocate(symbol, addend, false)
	if !s.w.implicit {
		addend = 0
	}
	s.put32(int(addend))
}

func (s *debugSection) relocate(symbol int, addend int64, wide bool) {
	kind := uint32(elf.R_X86_64_32)
	switch {
	case wide:
		kind = uint32(elf.R_X86_64_64)
	case s.w.implicit:
		kind = uint32(elf.R_386_32)
	}
	s.relocations = append(s.relocations, relocation{offset: int64(s.Len()), symbol: symbol, kind: kind, addend: addend})
}

// withLength puts the length of the contents in front of them.
func (s *debugSection) withLength() {
	body := bytes.Clone(s.Bytes())
	s.Reset()
	s.put32(len(body))
	s.Write(body)
	for i := range s.relocations {
		s.relocations[i].offset += 4
	}
}

// add makes s a section of the file, with its relocations where it can have some.
func (s *debugSection) add(name string, align int, relocated bool) {
	if s.w.placed != nil {
		s.fill()
		relocated = false
	}
	s.w.debug = append(s.w.debug, &header{name: name, kind: elf.SHT_PROGBITS, data: s.Bytes(), stored: true, align: align})
	if relocated {
		s.w.debug = append(s.w.debug, s.w.relocationTable(name, len(s.w.sections)+len(s.w.debug), s.relocations))
	}
}

// sectionSymbol is the index of the symbol that stands for a section.
func sectionSymbol(s *section) int { return s.index + 1 }

// Stab types (stabs manual, "Table of Stab Types").
const (
	stabLine   = 0x44 // N_SLINE
	stabSource = 0x64 // N_SO
	stabFile   = 0x84 // N_SOL
)

// stabs makes the sections of stabs: a table of entries of 12 bytes, which
// nasm offers for 32-bit code above all.
func (w *writer) stabs() {
	stab := debugSection{w: w}
	var names strings
	names.add("")
	offsets := map[string]uint32{}
	places := w.places()
	var first []string
	kept := places[:0]
	for _, p := range places {
		if !p.fresh {
			continue
		}
		kept = append(kept, p)
		if _, known := offsets[p.file]; !known {
			offsets[p.file] = names.add(p.file)
			first = append(first, p.file)
		}
	}
	entry := func(text uint32, kind, line int, value int64, in *section) {
		put(&stab.Buffer, text)
		stab.put8(kind)
		stab.put8(0)
		stab.put16(line)
		if in == nil {
			stab.put32(int(value))
			return
		}
		stab.relocate(sectionSymbol(in), value, false)
		stab.put32(int(value))
	}
	current := ""
	if len(kept) > 0 {
		current = first[0]
		if _, known := offsets[w.opts.Source]; known {
			current = w.opts.Source
		}
		entry(offsets[first[0]], 0, 0, int64(names.Len()), nil)
		entry(offsets[current], stabSource, 0, 0, kept[0].section)
		stab.relocations[0].addend = 0
	}
	for _, p := range kept {
		if p.file != current {
			current = p.file
			entry(offsets[current], stabFile, 0, p.offset, p.section)
		}
		entry(0, stabLine, p.line, p.offset, p.section)
	}
	entry(0, stabSource, 0, 0, nil)
	const size = 12
	count := stab.Len()/size - 1
	if len(kept) == 0 {
		count = 1
	}
	binary.LittleEndian.PutUint16(stab.Bytes()[6:], uint16(count))

	index := len(w.sections) + 1
	w.debug = append(w.debug,
		&header{name: ".stab", kind: elf.SHT_PROGBITS, data: stab.Bytes(), stored: true, link: index + 1, align: 4, entry: size},
		&header{name: ".stabstr", kind: elf.SHT_STRTAB, data: names.Bytes(), stored: true, align: 4})
	w.debug = append(w.debug, w.relocationTable(".stab", index, stab.relocations))
}
