package macho

import (
	"path/filepath"
	"strings"

	"tasm/lang"
	"tasm/object"
	"tasm/object/dwarf"
	"tasm/program"
)

// version is that of the unit and of the line number program.
const version = 2

// sequence is the line number program of one section.
type sequence struct {
	section *section
	code    dwarf.Buffer
	lines   dwarf.Lines
}

// dwarf appends the sections of debug information, as nasm has them: no address
// in them is relocated, so they fit a file whose code is its first section.
func (w *writer) dwarf() {
	sequences, files := w.lineNumbers()
	line := w.lineTable(sequences, files)
	var high int64
	for _, s := range sequences {
		high += s.section.Size
	}
	names, info, forms := w.table(), w.table(), w.table()
	producer := names.Len()
	names.Text(w.debug.Producer)
	source := names.Len()
	names.Text(filepath.Base(w.debug.Source))
	directory := names.Len()
	names.Text(w.debug.Directory)

	info.Put16(version)
	info.Put32(0) // where the abbreviations begin
	info.Put8(int(w.format.Pointer))
	info.Put8(1)
	info.Put32(producer)
	info.Put16(dwarf.LangMipsAssemble)
	info.Put32(source)
	info.Put32(directory)
	info.Put32(0) // where the line numbers begin
	info.Address(0)
	info.Address(high)
	info.Put8(2)
	info.Address(0)
	info.Address(0)
	info.Put8(0)

	forms.Bytes8(
		1, dwarf.TagCompileUnit, 1,
		dwarf.AtProducer, dwarf.FormStrp, dwarf.AtLanguage, dwarf.FormData2, dwarf.AtName, dwarf.FormStrp, dwarf.AtCompDir, dwarf.FormStrp,
		dwarf.AtStmtList, dwarf.FormData4, dwarf.AtLowPC, dwarf.FormAddr, dwarf.AtHighPC, dwarf.FormAddr, 0, 0,
		2, dwarf.TagSubprogram, 0, dwarf.AtLowPC, dwarf.FormAddr, dwarf.AtFrameBase, dwarf.FormAddr, 0, 0,
		0)
	unit := w.table()
	unit.Put32(info.Len())
	unit.Write(info.Bytes())
	w.addDebug("abbrev", forms)
	w.addDebug("info", unit)
	w.addDebug("line", line)
	w.addDebug("str", names)
}

func (w *writer) table() *dwarf.Buffer { return &dwarf.Buffer{Wide: w.wide} }

func (w *writer) addDebug(name string, t *dwarf.Buffer) {
	s := w.addSection(&program.Section{Name: "__DWARF,__debug_" + name, Align: 1, Size: int64(t.Len()), Native: object.MachODebug, Flags: program.Info})
	s.data = t.Bytes()
}

// sourceFile is a file of the line number table.
type sourceFile struct {
	name, directory string
}

// directory returns the directory of a name as nasm writes it, with its slash.
func directory(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i+1]
	}
	return "."
}

// lineNumbers makes a line number program for every section with instructions, or
// for each of its parts.
func (w *writer) lineNumbers() (list []*sequence, files []sourceFile) {
	index := map[string]int{}
	for i := range w.program.Lines {
		name, _ := w.debug.Files.Origin(w.program.Lines[i].Source.Place())
		if index[name] == 0 {
			files = append(files, sourceFile{filepath.Base(name), directory(name)})
			index[name] = len(files)
		}
	}
	sequences := map[lang.SegmentID]*sequence{}
	withCode := func(s *program.Section) bool { return s.Native&object.MachOSomeInstructions != 0 }
	for _, p := range w.debug.Places(w.program, withCode) {
		part := p.Section.PartAt(p.Offset)
		s := sequences[part]
		if s == nil {
			s = &sequence{section: w.byID[part], code: dwarf.Buffer{Wide: w.wide}}
			s.lines = dwarf.Begin(&s.code)
			s.code.Address(0)
			sequences[part] = s
			list = append(list, s)
		}
		if p.Fresh {
			s.lines.Advance(&s.code, index[p.File], p.Line, p.Offset)
		}
	}
	for _, s := range list {
		s.code.AdvancePC8(s.section.Size - s.lines.Offset)
		s.code.End()
	}
	return list, files
}

// lineTable makes __debug_line.
func (w *writer) lineTable(list []*sequence, files []sourceFile) *dwarf.Buffer {
	header := w.table()
	header.LineHeader()
	directories := map[string]int{}
	for _, f := range files {
		if _, known := directories[f.directory]; !known {
			directories[f.directory] = len(directories) // counted from 0, as in nasm
			header.Text(f.directory)
		}
	}
	header.Put8(0)
	for _, f := range files {
		header.Text(f.name)
		header.Put8(directories[f.directory])
		header.Put8(0) // time
		header.Put8(0) // size
	}
	header.Put8(0)
	body := w.table()
	body.Put16(version)
	body.Put32(header.Len())
	body.Write(header.Bytes())
	for _, s := range list {
		body.Write(s.code.Bytes())
	}
	out := w.table()
	out.Put32(body.Len())
	out.Write(body.Bytes())
	return out
}
