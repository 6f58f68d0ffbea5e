package omf

import (
	"slices"
	"strings"

	"tasm/object"
	"tasm/program"
)

// Comment classes of Borland's debug records, as nasm's driver has them, and what is
// in them.
const (
	classTranslator = 0xa1 // extended records follow
	classType       = 0xe3
	classSymbols    = 0xe6
	classFile       = 0xe8
	classCompiler   = 0xea
	lineNumbers     = 0x94 // a record of its own

	typeLabel  = 0x19
	firstArray = 31
	arrayType  = 0x1a
)

// fixedTypes are the types that every such object defines: number, size in bytes, and
// the rest of the record.
var fixedTypes = []struct {
	number, size int
	rest         []byte
}{
	{0x18, 6, []byte{0x2a}},
	{typeLabel, 0, []byte{0x24, 0}}, {0x1a, 0, []byte{0x24, 1}},
	{0x1b, 0, []byte{0x23, 0, 0, 0}}, {0x1c, 0, []byte{0x23, 0, 4, 0}}, {0x1d, 0, []byte{0x23, 0, 1, 0}}, {0x1e, 0, []byte{0x23, 0, 5, 0}},
}

// itemTypes are the types of data by the size of an item.
var itemTypes = map[int64]int{1: 8, 2: 10, 4: 12, 8: 15, 10: 16}

const floatType = 14

// array is the type of several items of one type.
type array struct{ size, base int }

// borland writes debug information: types, line numbers, labels.
func (w *writer) borland() {
	w.comment(classCompiler, 4, 0)
	for _, t := range fixedTypes {
		w.typeRecord(t.number, t.size, t.rest...)
	}
	types, arrays := w.labelTypes()
	for i, a := range arrays {
		w.typeRecord(firstArray+i, a.size, arrayType, byte(a.base))
	}
	w.lineNumbers()
	w.labels(types)
}

// comment writes a comment of a class, which tools neither drop nor list.
func (w *writer) comment(class byte, rest ...byte) {
	w.begin(comment, nil)
	w.bytes(noPurge|noList, class)
	w.bytes(rest...)
}

func (w *writer) typeRecord(number, size int, rest ...byte) {
	w.comment(classType)
	w.word(number)
	w.word(size)
	w.bytes(rest...)
}

// labelTypes chooses the type of each label, and lists the arrays among them.
func (w *writer) labelTypes() (map[*program.Symbol]int, []array) {
	types := map[*program.Symbol]int{}
	var arrays []array
	for _, s := range w.program.Table {
		kind, size := typeLabel, int64(0)
		if t, ok := itemTypes[s.Element]; ok {
			kind, size = t, s.Element
		}
		if s.Float && s.Element == 4 {
			kind = floatType
		}
		if !s.Typed {
			kind = 0 // nothing follows the label; nasm leaves the field to chance
		}
		if s.Count > 1 {
			arrays = append(arrays, array{int(size * s.Count), kind})
			kind = firstArray + len(arrays) - 1
		}
		types[s] = kind
	}
	return types, arrays
}

// lineNumbers writes where each line of each file begins.
func (w *writer) lineNumbers() {
	var names []string
	byFile := map[string][]object.Place{}
	for _, p := range w.debug.Places(w.program, func(*program.Section) bool { return true }) {
		if !p.Fresh {
			continue
		}
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, p.File) })
		if i < 0 {
			i = len(names)
			names = append(names, p.File)
		}
		byFile[names[i]] = append(byFile[names[i]], p)
	}
	for _, name := range names {
		w.comment(classFile, 0)
		w.name(name)
		w.dword(0)
		var in *program.Section
		for _, p := range byFile[name] {
			if p.Section != in {
				in = p.Section
				at := w.places[in.ID]
				w.begin(lineNumbers, func() {
					w.index(w.groupIndex(at.section))
					w.index(at.index)
				})
			}
			w.word(p.Line)
			w.offset(p.Offset)
			w.commit()
		}
	}
}

// labels writes the symbols of each segment, that of the program's start in front.
func (w *writer) labels(types map[*program.Symbol]int) {
	w.begin(comment, func() { w.bytes(noPurge|noList, classSymbols) })
	write := func(name string, kind int, in *section, offset int64) {
		w.name(name)
		w.word(kind)
		w.index(w.groupIndex(in.Section))
		w.index(in.index)
		w.offset(offset)
		w.commit()
	}
	if start := w.program.Start(); start != nil {
		id, _ := start.Value.Segment()
		if i := w.places[id].index; i > 0 {
			write("start_of_program", typeLabel, w.sections[i-1], start.Value.N)
		}
	}
	for _, in := range w.sections {
		for _, s := range w.program.Table {
			if id, placed := s.Value.Segment(); placed && id == in.ID && s.Name != program.StartLabel {
				write(s.Name, types[s], in, s.Value.N)
			}
		}
	}
}
