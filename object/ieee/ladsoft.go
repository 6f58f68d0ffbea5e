package ieee

import (
	"fmt"
	"slices"
	"strings"

	"tasm/object"
	"tasm/program"
)

// itemTypes are LADsoft's numbers of types by the size in bytes of an item.
var itemTypes = map[int64]int{1: 1, 2: 3, 4: 5, 8: 10, 10: 11}

const (
	floatType = 9
	labelType = 16
)

// ladsoft is debug information: the files of the source, types of labels, arrays.
type ladsoft struct {
	files  []string
	types  map[*program.Symbol]string
	arrays []string
}

// ladsoft collects debug information, and fills the section of line numbers.
func (w *writer) ladsoft(debug *object.Debug) *ladsoft {
	l := &ladsoft{types: map[*program.Symbol]string{}}
	for _, s := range w.program.Table {
		kind := labelType
		if t, ok := itemTypes[s.Element]; ok {
			kind = t
		}
		if s.Float && s.Element == 4 {
			kind = floatType
		}
		if !s.Typed {
			kind = 0 // nothing follows the label; nasm leaves the field to chance
		}
		l.types[s] = fmt.Sprintf("%X", kind)
		if s.Count > 1 {
			number := len(l.arrays) + 1
			l.arrays = append(l.arrays, fmt.Sprintf("TY%X,20,%X,%X.", number, kind, s.Count))
			l.types[s] = fmt.Sprintf("T%X", number)
		}
	}
	lines := w.sections[0]
	for _, p := range debug.Places(w.program, func(*program.Section) bool { return true }) {
		if !p.Fresh {
			continue
		}
		file := slices.IndexFunc(l.files, func(name string) bool { return strings.EqualFold(name, p.File) })
		if file < 0 {
			file = len(l.files)
			l.files = append(l.files, p.File)
		}
		lines.data = append(lines.data, byte(file), byte(p.Line), byte(p.Line>>8))
		in := w.places[p.Section.ID]
		lines.add(field{at: int64(len(lines.data)), size: 4, text: fmt.Sprintf("R%X,%X,+", in.index, in.position(p.Offset))})
	}
	return l
}

// locals writes the arrays and the symbols that are only seen in this file.
func (w *writer) locals(l *ladsoft) {
	for _, array := range l.arrays {
		w.line("%s", array)
	}
	number := 0
	for _, s := range w.sections {
		for _, symbol := range w.within(s, false) {
			number++
			w.symbol('N', number, s, symbol, l)
		}
	}
}
