package coff

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"strings"

	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// CodeView 8, the debug information of Windows (Microsoft, microsoft-pdb,
// cvinfo.h): section .debug$S tells files, lines and symbols, .debug$T types.
const (
	cvSignature  = 4
	cvSymbols    = 0xf1
	cvLines      = 0xf2
	cvFileNames  = 0xf3
	cvFiles      = 0xf4
	cvObjectName = 0x1101 // S_OBJNAME
	cvCompiler   = 0x1116 // S_COMPILE2
	cvLabel      = 0x1105 // S_LABEL32
	cvLocalData  = 0x110c // S_LDATA32
	cvGlobalData = 0x110d // S_GDATA32
	cvProcedure  = 0x1008 // LF_PROCEDURE
	cvArguments  = 0x1201 // LF_ARGLIST
	cvVoid       = 3      // T_VOID
	cvLanguage   = 'N'    // that of nasm
	cvMD5        = 0x0110 // 16 bytes of a checksum of that kind follow
	cvStatement  = 0x80000000

	secRel       = 0x0b // of both machines: an offset in a section
	sectionIndex = 0x0a // and the section's number

	debugFlags = 0x42100040 // initialised, readable, discardable, aligned to 1
)

// cvTypes are the types of data by the size of an item in bytes, real those of
// floating-point items.
var (
	cvTypes = map[int64]uint32{1: 0x20, 2: 0x21, 4: 0x22, 8: 0x23, 10: 0x42, 16: 0x43, 32: 0x44}
	cvReal  = map[int64]uint32{4: 0x40}
)

// codeView is the contents of a section in the making.
type codeView struct {
	bytes.Buffer
	section *section
}

func (c *codeView) put(values ...any) {
	for _, v := range values {
		if text, ok := v.(string); ok {
			c.WriteString(text)
			c.WriteByte(0)
			continue
		}
		binary.Write(c, binary.LittleEndian, v) // a Buffer takes everything
	}
}

// table appends a table with its length, aligned to four bytes.
func (c *codeView) table(kind uint32, fill func(*codeView)) {
	inner := codeView{section: c.section}
	before := len(c.section.relocations)
	fill(&inner)
	c.put(kind, uint32(inner.Len()))
	for i := range c.section.relocations[before:] {
		c.section.relocations[before+i].offset += int64(c.Len())
	}
	c.Write(inner.Bytes())
	c.Write(make([]byte, -c.Len()&3))
}

// address appends the offset and the number of a section that a linker fills in.
func (c *codeView) address(to relocation) {
	for _, kind := range []uint16{secRel, sectionIndex} {
		to.offset, to.kind = int64(c.Len()), kind
		c.section.relocations = append(c.section.relocations, to)
		c.Write(make([]byte, map[uint16]int{secRel: 4, sectionIndex: 2}[kind]))
	}
}

// addDebugSections adds the sections of debug information, which stand first.
func (w *writer) addDebugSections() {
	for _, name := range []string{".debug$S", ".debug$T"} {
		s := &section{Section: &program.Section{Name: name}, index: len(w.sections) + 1, name: w.name(name, true), flags: debugFlags}
		w.sections = append(w.sections, s)
	}
}

// codeView fills the sections of debug information.
func (w *writer) codeView() {
	symbols, types := w.sections[0], w.sections[1]
	out := codeView{section: symbols}
	out.put(uint32(cvSignature))
	files := w.sourceLines()
	names := uint32(1)
	out.table(cvFileNames, func(c *codeView) {
		c.put(uint8(0))
		for _, f := range files {
			c.put(f.path)
		}
	})
	out.table(cvFiles, func(c *codeView) {
		for _, f := range files {
			c.put(names, uint16(cvMD5), f.sum, uint16(0))
			names += uint32(len(f.path) + 1)
		}
	})
	if first, text := w.text(); text != nil {
		out.table(cvLines, func(c *codeView) { c.lines(files, text, first.Size) })
	}
	out.table(cvSymbols, w.symbolRecords)
	symbols.finish(out.Bytes())

	out = codeView{section: types}
	out.put(uint32(cvSignature))
	// One type, numbered from 0x1000: a procedure without result and arguments.
	out.put(uint16(6), uint16(cvArguments), uint32(0))
	out.put(uint16(14), uint16(cvProcedure), uint32(cvVoid), uint32(0), uint32(0x1000))
	types.finish(out.Bytes())
}

func (s *section) finish(data []byte) { s.data, s.Size = data, int64(len(data)) }

// text finds the section that lines are told of, and the first one whose name
// begins like its name, which nasm takes the size of.
func (w *writer) text() (first, text *section) {
	for _, s := range w.sections {
		if first == nil && strings.HasPrefix(s.Name, ".text") {
			first = s
		}
		if s.Name == ".text" {
			return first, s
		}
	}
	return nil, nil
}

func (w *writer) sectionOf(s *program.Symbol) *section {
	id, _ := s.Value.Segment()
	return w.byID[id]
}

// sourceFile is a file of the source: its path, a checksum, and its lines with
// the places of their code.
type sourceFile struct {
	path  string
	sum   [md5.Size]byte
	lines []object.Place
}

// sourceLines lists the files that made anything, with the lines that made code.
// Places count through all sections that are called .text, as in nasm.
func (w *writer) sourceLines() []*sourceFile {
	var list []*sourceFile
	byName := map[string]*sourceFile{}
	for _, name := range w.debug.SourceNames(w.program) {
		f := &sourceFile{path: w.debug.Path(name), sum: md5.Sum(w.debug.Text(name))}
		byName[name] = f
		list = append(list, f)
	}
	position := w.textPositions()
	begun := map[*program.Section]bool{}
	for _, p := range w.debug.Places(w.program, func(*program.Section) bool { return true }) {
		// To nasm a .text that no line of the source opens is there only behind
		// the first line that makes code in it.
		hidden := p.Section.Range.IsZero() && !begun[p.Section]
		begun[p.Section] = true
		if !p.Fresh {
			continue
		}
		if p.Section.Flags&program.Exec != 0 && !hidden {
			p.Offset = position(p.Section.ID, p.Offset)
			f := byName[p.File]
			f.lines = append(f.lines, p)
		}
	}
	return list
}

// textPositions returns a function that gives, line by line in the order of the
// source, how much code all sections called .text hold in front of it.
func (w *writer) textPositions() func(lang.SegmentID, int64) int64 {
	size := map[lang.SegmentID]int64{} // of each of these sections so far
	total := int64(0)
	next := 0
	lines := w.program.Lines
	ends := make([]int64, len(lines)) // where what a line made ends
	last := map[lang.SegmentID]int64{}
	for i := len(lines) - 1; i >= 0; i-- {
		in := w.byID[lines[i].Section]
		if in == nil {
			continue
		}
		end, later := last[in.ID]
		if !later {
			end = in.Size
		}
		ends[i], last[in.ID] = end, lines[i].Offset
	}
	return func(id lang.SegmentID, offset int64) int64 {
		for ; next < len(lines); next++ {
			l := &lines[next]
			if l.Section == id && l.Offset == offset {
				break
			}
			if in := w.byID[l.Section]; in != nil && strings.HasPrefix(in.Name, ".text") {
				total += ends[next] - size[l.Section]
				size[l.Section] = ends[next]
			}
		}
		return total
	}
}

// lines appends the table of line numbers.
func (c *codeView) lines(files []*sourceFile, text *section, size int64) {
	c.address(relocation{section: text})
	c.put(uint16(0), uint32(size))
	const fileSize, headerSize, pairSize = 16 + 8, 12, 8
	for i, f := range files {
		c.put(uint32(i*fileSize), uint32(len(f.lines)), uint32(headerSize+len(f.lines)*pairSize))
		for _, l := range f.lines {
			c.put(uint32(l.Offset), uint32(l.Line)|cvStatement)
		}
	}
}

// symbolRecords appends what is told of the file and of each symbol.
func (w *writer) symbolRecords(c *codeView) {
	record := func(kind uint16, fill func(*codeView)) {
		inner := codeView{section: c.section}
		before := len(c.section.relocations)
		fill(&inner)
		c.put(uint16(2+inner.Len()), kind)
		for i := range c.section.relocations[before:] {
			c.section.relocations[before+i].offset += int64(c.Len())
		}
		c.Write(inner.Bytes())
	}
	record(cvObjectName, func(c *codeView) { c.put(uint32(0), w.debug.Output) })
	record(cvCompiler, func(c *codeView) {
		machine := uint16(0xd0) // CV_CFL_X64
		if w.format == object.Win32 {
			machine = 6 // CV_CFL_PENTIUMII
		}
		// Behind the language and the machine stand the versions of the front end,
		// which has none, and of the assembler.
		c.put(uint32(cvLanguage), machine, [3]uint16{}, [3]uint16{2, 16, 100}, w.debug.Producer, uint16(0))
	})
	for i, s := range w.program.Table {
		in := w.sectionOf(s)
		if in == nil || in.Range.IsZero() {
			continue
		}
		at := relocation{symbol: i}
		if in.Flags&program.Exec != 0 {
			record(cvLabel, func(c *codeView) {
				c.address(at)
				c.put(uint8(0), s.Name)
			})
			continue
		}
		kind := uint16(cvLocalData)
		if s.Global {
			kind = cvGlobalData
		}
		record(kind, func(c *codeView) {
			c.put(cvType(s))
			c.address(at)
			c.put(s.Name)
		})
	}
}

// cvType is the type of the data that s names.
func cvType(s *program.Symbol) uint32 {
	if real, ok := cvReal[s.Element]; ok && s.Float {
		return real
	}
	return cvTypes[s.Element]
}
