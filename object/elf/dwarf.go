package elf

// What nasm's DWARF says: which source line each piece of code comes from, and
// one compilation unit with one subprogram, whose names are those of the file.
// Versions 2 and 3 of the standard differ in nothing that is used here.

// Numbers of the DWARF standard, version 3: tags (figure 14), attributes
// (figure 20), forms (figure 21), languages (figure 31) and line number
// opcodes (figures 37 to 39).
const (
	tagCompileUnit   = 0x11
	tagSubprogram    = 0x2e
	atName           = 0x03
	atStmtList       = 0x10
	atLowPC          = 0x11
	atHighPC         = 0x12
	atLanguage       = 0x13
	atCompDir        = 0x1b
	atProducer       = 0x25
	atFrameBase      = 0x40
	formAddr         = 0x01
	formData2        = 0x05
	formData4        = 0x06
	formString       = 0x08
	langMipsAssemble = 0x8001

	lnsCopy        = 1
	lnsAdvancePC   = 2
	lnsAdvanceLine = 3
	lnsSetFile     = 4
	lnsExtended    = 0
	lneEndSequence = 1
	lneSetAddress  = 2

	// Special opcodes advance line and address at once.
	lineBase   = -5
	lineRange  = 14
	opcodeBase = 13
)

// sequence is the line number program of one section.
type sequence struct {
	*section
	code   debugSection
	line   int
	file   int // index in the table, from 1
	offset int64
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

	empty := func() *debugSection { return &debugSection{w: w} }
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
		name := w.opts.Debug.Files.Position(w.program.Lines[i].Source.Place()).File
		if index[name] == 0 {
			files = append(files, name)
			index[name] = len(files)
		}
	}
	for _, p := range w.places() {
		s := bySection[p.section]
		if s == nil {
			s = &sequence{section: p.section, code: debugSection{w: w}, line: 1, file: 1}
			s.code.put8(lnsExtended)
			s.code.put8(1 + w.addressSize())
			s.code.put8(lneSetAddress)
			s.code.reference(sectionSymbol(p.section), 0)
			bySection[p.section] = s
			list = append(list, s)
		}
		if p.fresh {
			s.advance(index[p.file], p.line, p.offset)
		}
	}
	for _, s := range list {
		s.code.put8(lnsAdvancePC)
		s.code.unsigned(uint64(s.Size - s.offset))
		s.code.put8(lnsExtended)
		s.code.put8(1)
		s.code.put8(lneEndSequence)
	}
	return list, files
}

// advance adds a row to the table that the program stands for.
func (s *sequence) advance(file, line int, offset int64) {
	if file != s.file {
		s.code.put8(lnsSetFile)
		s.code.unsigned(uint64(file))
		s.file = file
	}
	by, distance := line-s.line, offset-s.offset
	if by == 0 {
		return
	}
	if special := int64(by-lineBase) + lineRange*distance + opcodeBase; by >= lineBase && by < lineBase+lineRange && special < 256 {
		s.code.put8(int(special))
	} else {
		s.code.put8(lnsAdvanceLine)
		s.code.signed(int64(by))
		if distance != 0 {
			s.code.put8(lnsAdvancePC)
			s.code.unsigned(uint64(distance))
		}
		s.code.put8(lnsCopy)
	}
	s.line, s.offset = line, offset
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
	out.put16(2)
	out.reference32(info, 0)
	out.put8(w.addressSize())
	out.put8(0) // no segments
	out.put32(0)
	for _, s := range list {
		out.reference(sectionSymbol(s.section), 0)
		out.address(s.Size)
	}
	out.address(0)
	out.address(0)
	out.withLength()
}

// unit makes .debug_info.
func (w *writer) unit(out *debugSection, list []*sequence, abbrev, line int) {
	start, total := sectionSymbol(list[0].section), int64(0)
	for _, s := range list {
		total += s.Size
	}
	out.put16(w.version())
	out.reference32(abbrev, 0)
	out.put8(w.addressSize())
	out.put8(1)
	out.reference(start, 0)
	out.reference(start, total)
	out.reference32(line, 0)
	out.text(w.opts.Source)
	out.text(w.opts.Debug.Directory)
	out.text(w.opts.Debug.Producer)
	out.put16(langMipsAssemble)
	out.put8(2)
	out.reference(start, 0)
	out.address(0) // nasm makes it as wide as an address; what is too much ends the entries
	out.put8(0)
	out.withLength()
}

// abbreviations makes .debug_abbrev: what the entries of .debug_info consist of.
func abbreviations(out *debugSection) {
	for _, b := range []int{
		1, tagCompileUnit, 1,
		atLowPC, formAddr, atHighPC, formAddr, atStmtList, formData4, atName, formString,
		atCompDir, formString, atProducer, formString, atLanguage, formData2, 0, 0,
		2, tagSubprogram, 0,
		atLowPC, formAddr, atFrameBase, formData4, 0, 0,
		0,
	} {
		out.put8(b)
	}
}

// lineTable makes .debug_line.
func (w *writer) lineTable(out *debugSection, list []*sequence, files []string) {
	header := debugSection{w: w}
	header.put8(1) // bytes of the shortest instruction
	header.put8(1) // every row begins a statement
	header.put8(lineBase)
	header.put8(lineRange)
	header.put8(opcodeBase)
	for _, operands := range []int{0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1} {
		header.put8(operands)
	}
	header.put8(0) // no directories
	for _, name := range files {
		header.text(name)
		header.put8(0) // directory
		header.put8(0) // time
		header.put8(0) // size
	}
	header.put8(0)
	out.put16(w.version())
	out.put32(header.Len())
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
