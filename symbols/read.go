package symbols

import (
	"bytes"
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"io"
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// Read returns the table of an executable that is there already, from what it or the
// file beside it holds for debuggers: symbols and line numbers (DWARF). source gives the
// text of a source, nil where there is none any more. A file without either is an error.
func Read(file []byte, files *diag.Files, source func(name string) []byte) (t *Table, err error) {
	defer func() { // debug/dwarf may be led astray by what is no DWARF
		if recover() != nil {
			t, err = nil, errors.New("its line numbers can't be read")
		}
	}()
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	t = &Table{files: files}
	if list, err := f.Symbols(); err == nil {
		for _, s := range list {
			kind := elf.ST_TYPE(s.Info)
			number := s.Section == elf.SHN_ABS && kind != elf.STT_OBJECT
			if s.Name != "" && !number && s.Section != elf.SHN_UNDEF && kind != elf.STT_FILE && kind != elf.STT_SECTION {
				t.labels = append(t.labels, Label{Name: s.Name, Address: s.Value})
			}
		}
	}
	slices.SortStableFunc(t.labels, func(a, b Label) int { return cmp.Compare(a.Address, b.Address) })
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 {
			// What sections of the source it was made of is not known.
			t.spaces = append(t.spaces, extent{s.Addr, s.Addr + s.Size, &program.Section{}})
		}
	}
	slices.SortStableFunc(t.spaces, func(a, b extent) int { return cmp.Compare(a.low, b.low) })
	if data, err := f.DWARF(); err == nil {
		r := &lineReader{table: t, source: source, lines: map[string][]*lang.Statement{}}
		if err := r.units(data); err != nil {
			return nil, err
		}
	}
	if len(t.labels)+len(t.ranges) == 0 {
		return nil, errors.New("it holds nothing for debuggers")
	}
	slices.SortStableFunc(t.ranges, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	return t, nil
}

// lineReader makes statements of line numbers: one for each line.
type lineReader struct {
	table  *Table
	source func(string) []byte
	lines  map[string][]*lang.Statement
}

// units reads the line numbers of all units.
func (r *lineReader) units(data *dwarf.Data) error {
	for entries := data.Reader(); ; entries.SkipChildren() {
		unit, err := entries.Next()
		if err != nil || unit == nil {
			return err
		}
		if unit.Tag != dwarf.TagCompileUnit {
			continue
		}
		lines, err := data.LineReader(unit)
		if err != nil {
			return err
		}
		if lines == nil {
			continue
		}
		if err := r.sequence(lines); err != nil {
			return err
		}
	}
}

// sequence reads the rows of one unit: each is good up to the next one.
func (r *lineReader) sequence(lines *dwarf.LineReader) error {
	var last dwarf.LineEntry
	for {
		var next dwarf.LineEntry
		switch err := lines.Next(&next); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if last.File != nil && !last.EndSequence && last.Line > 0 && next.Address > last.Address {
			if s := r.statement(last.File.Name, last.Line); s != nil {
				r.table.ranges = append(r.table.ranges, span{last.Address, next.Address, s})
			}
		}
		last = next
	}
}

// statement returns the statement of a line; nil where the source has no such line.
func (r *lineReader) statement(name string, line int) *lang.Statement {
	list, known := r.lines[name]
	if !known {
		text := r.source(name)
		if text == nil {
			text = bytes.Repeat([]byte{'\n'}, missingLines)
		}
		id := r.table.files.Add(name, text)
		at := int32(0)
		for l := range bytes.Lines(text) {
			indent := len(l) - len(bytes.TrimLeft(l, " \t"))
			end := at + int32(len(bytes.TrimRight(l, " \t\r\n")))
			list = append(list, &lang.Statement{Range: diag.Range{File: id, Start: min(at+int32(indent), end), End: end}, Body: &lang.Instruction{}})
			at += int32(len(l))
		}
		r.lines[name] = list
	}
	if line > len(list) {
		return nil
	}
	return list[line-1]
}

// missingLines is how many lines are shown by number of a source that is not there.
const missingLines = 1 << 14
