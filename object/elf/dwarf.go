package elf

import "tasm/object/dwarf"

// What nasm's DWARF says: which source line each piece of code comes from, and
// one compilation unit with one subprogram, whose names are those of the file.
// Versions 2 and 3 of the standard differ in nothing that is used here.

// sequence is the line number program of one section.
type sequence struct {
	*section
	code  debugSection
	lines dwarf.Lines
}

// dwarf makes the sections of DWARF.
func (w *writer) dwarf() {
	sequences, files := w.lineNumbers()
	// The symbols of three of the sections follow those of the source's sections.
	base := len(w.sections) + 1
	const aranges, info, abbrev, line = 0, 3, 5, 6
	firstSymbol := len(w.sections) + 2
	w.debugSymbols = []int{base + info, base + abbrev, base + line}
	infoSymbol, abbrevSymbol, lineSymbol := firstSymbol, firstSymbol+1, firstSymbol+2

	empty := func() *debugSection { s := w.debugSection(); return &s }
	ranges, units, forms, lines := empty(), empty(), empty(), empty()
	if len(sequences) > 0 {
		w.ranges(ranges, sequences, infoSymbol)
		w.unit(units, sequences, abbrevSymbol, lineSymbol)
		abbreviations(forms)
		w.lineTable(lines, sequences, files)
	}
	ranges.add(".debug_aranges", 1, true)
	empty().add(".debug_pubnames", 1, false)
	units.add(".debug_info", 1, true)
	forms.add(".debug_abbrev", 1, false)
	lines.add(".debug_line", 1, true)
	empty().add(".debug_frame", 8, false)
	empty().add(".debug_loc", 1, false)
}

// lineNumbers makes a line number program for every section with code.
func (w *writer) lineNumbers() (list []*sequence, files []string) {
	bySection := map[*section]*sequence{}
	index := map[string]int{}
	for i := range w.program.Lines {
		name, _ := w.opts.Debug.Files.Origin(w.program.Lines[i].Source.Place())
		if index[name] == 0 {
			files = append(files, name)
			index[name] = len(files)
		}
	}
	for _, p := range w.places() {
		s := bySection[p.section]
		if s == nil {
			s = &sequence{section: p.section, code: w.debugSection()}
			s.lines = dwarf.Begin(&s.code.Buffer)
			s.code.reference(sectionSymbol(p.section), 0)
			bySection[p.section] = s
			list = append(list, s)
		}
		if p.Fresh {
			s.lines.Advance(&s.code.Buffer, index[p.File], p.Line, p.Offset)
		}
	}
	for _, s := range list {
		s.code.AdvancePC(s.Size - s.lines.Offset)
		s.code.End()
	}
	return list, files
}

// version is that of the unit and of the line number program.
func (w *writer) version() int {
	if w.implicit {
		return 2
	}
	return 3
}

// ranges makes .debug_aranges: which addresses the unit covers.
func (w *writer) ranges(out *debugSection, list []*sequence, info int) {
	out.Put16(2)
	out.reference32(info, 0)
	out.Put8(w.addressSize())
	out.Put8(0) // no segments
	out.Put32(0)
	for _, s := range list {
		out.reference(sectionSymbol(s.section), 0)
		out.Address(s.Size)
	}
	out.Address(0)
	out.Address(0)
	out.withLength()
}

// extent is the section at which the unit begins, and the size of what follows: in an
// object that of its sections, which a linker places, else up to the end of the last.
func (w *writer) extent(list []*sequence) (first *section, size int64) {
	first = list[0].section
	end := uint64(0)
	for _, s := range list {
		size += s.Size
		end = max(end, s.address+uint64(s.Size))
		if s.address < first.address {
			first = s.section
		}
	}
	if w.placed != nil {
		size = int64(end - first.address)
	}
	return first, size
}

// unit makes .debug_info.
func (w *writer) unit(out *debugSection, list []*sequence, abbrev, line int) {
	first, total := w.extent(list)
	start := sectionSymbol(first)
	out.Put16(w.version())
	out.reference32(abbrev, 0)
	out.Put8(w.addressSize())
	out.Put8(1)
	out.reference(start, 0)
	out.reference(start, total)
	out.reference32(line, 0)
	out.Text(w.opts.Source)
	out.Text(w.opts.Debug.Directory)
	out.Text(w.opts.Debug.Producer)
	out.Put16(dwarf.LangMipsAssemble)
	out.Put8(2)
	out.reference(start, 0)
	out.Address(0) // nasm makes it as wide as an address; what is too much ends the entries
	out.Put8(0)
	out.withLength()
}

// abbreviations makes .debug_abbrev: what the entries of .debug_info consist of.
func abbreviations(out *debugSection) {
	out.Bytes8(
		1, dwarf.TagCompileUnit, 1,
		dwarf.AtLowPC, dwarf.FormAddr, dwarf.AtHighPC, dwarf.FormAddr, dwarf.AtStmtList, dwarf.FormData4, dwarf.AtName, dwarf.FormString,
		dwarf.AtCompDir, dwarf.FormString, dwarf.AtProducer, dwarf.FormString, dwarf.AtLanguage, dwarf.FormData2, 0, 0,
		2, dwarf.TagSubprogram, 0,
		dwarf.AtLowPC, dwarf.FormAddr, dwarf.AtFrameBase, dwarf.FormData4, 0, 0,
		0)
}

// lineTable makes .debug_line.
func (w *writer) lineTable(out *debugSection, list []*sequence, files []string) {
	header := w.debugSection()
	header.LineHeader()
	header.Put8(0) // no directories
	for _, name := range files {
		header.Text(name)
		header.Put8(0) // directory
		header.Put8(0) // time
		header.Put8(0) // size
	}
	header.Put8(0)
	out.Put16(w.version())
	out.Put32(header.Len())
	out.Write(header.Bytes())
	for _, s := range list {
		for _, r := range s.code.relocations {
			r.offset += int64(out.Len())
			out.relocations = append(out.relocations, r)
		}
		out.Write(s.code.Bytes())
	}
	out.withLength()
}
