package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"tasm/object"
	"tasm/object/dwarf"
	"tasm/program"
)

// place is a line of the source and where its code is.
type place struct {
	object.Place
	section *section
}

// places lists what the source put into executable sections.
func (w *writer) places() []place {
	var list []place
	for _, p := range w.opts.Debug.Places(w.program, func(s *program.Section) bool { return s.Flags&program.Exec != 0 }) {
		list = append(list, place{p, w.byID[p.Section.ID]})
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
	dwarf.Buffer
	w           *writer
	relocations []relocation
}

func (w *writer) debugSection() debugSection {
	return debugSection{w: w, Buffer: dwarf.Buffer{Wide: w.wide}}
}

// reference appends an address: the symbol of that index plus addend.
func (s *debugSection) reference(symbol int, addend int64) {
	s.relocate(symbol, addend, s.w.wide)
	if !s.w.implicit {
		addend = 0
	}
	s.Address(addend)
}

// reference32 appends an offset in a section, 32 bits wide.
func (s *debugSection) reference32(symbol int, addend int64) {
	s.relocate(symbol, addend, false)
	if !s.w.implicit {
		addend = 0
	}
	s.Put32(int(addend))
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
	s.Put32(len(body))
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
	stab := w.debugSection()
	var names strings
	names.add("")
	offsets := map[string]uint32{}
	places := w.places()
	var first []string
	kept := places[:0]
	for _, p := range places {
		if !p.Fresh {
			continue
		}
		kept = append(kept, p)
		if _, known := offsets[p.File]; !known {
			offsets[p.File] = names.add(p.File)
			first = append(first, p.File)
		}
	}
	entry := func(text uint32, kind, line int, value int64, in *section) {
		stab.Put32(int(text))
		stab.Put8(kind)
		stab.Put8(0)
		stab.Put16(line)
		if in == nil {
			stab.Put32(int(value))
			return
		}
		stab.relocate(sectionSymbol(in), value, false)
		stab.Put32(int(value))
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
		if p.File != current {
			current = p.File
			entry(offsets[current], stabFile, 0, p.Offset, p.section)
		}
		entry(0, stabLine, p.Line, p.Offset, p.section)
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
