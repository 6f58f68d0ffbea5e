// Package ieee writes relocatable objects in the format IEEE 695, "MUFOM", in the
// variant of LADsoft's tools: lines of ASCII, each a command that ends in a full stop.
// Order and numbers are nasm's, so that the files are the same byte for byte.
package ieee

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

const (
	perLine = 32   // bytes of contents in an LD command
	block   = 1024 // behind which a new command begins, as long as fields follow
	// noTime is what stands for the time of the translation, that files of one source
	// be the same.
	noTime = "19700101000000"
)

// attributes of an ST command, by what a linker makes of segments of one name.
var combines = map[program.Combine]string{program.Private: "S", program.Public: "C", program.CommonMemory: "M"}

type writer struct {
	program  *program.Program
	messages *diag.Bag
	sections []*section
	places   map[lang.SegmentID]*section // by their own numbers and those of their selectors
	externs  []*program.Symbol
	numbers  map[lang.SegmentID]int // of external symbols, counted from 1
	out      bytes.Buffer
	sum      int // of the characters since the last checksum
}

type section struct {
	*program.Section
	index  int
	data   []byte
	fields []field
}

// field is an LR command, which says by an expression what belongs in front of
// contents[at].
type field struct {
	at   int64
	size int64
	room int64 // that is left for it and those in front of it
	text string
}

// Write makes the file of a program that was assembled from source; producer is
// who did it. Debug information is LADsoft's, unless debug is nil. It is nil when the
// messages hold an error.
func Write(p *program.Program, source, producer string, debug *object.Debug) ([]byte, *diag.Bag) {
	w := &writer{program: p, messages: &diag.Bag{}, places: map[lang.SegmentID]*section{}, numbers: map[lang.SegmentID]int{}}
	w.collect(debug != nil)
	w.contents()
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	w.line("MBFNASM,%s.", counted(source))
	w.line("CO0,%s.", counted(producer))
	w.line("AD8,4,L.")
	w.line("DT%s.", noTime)
	var l *ladsoft
	if debug != nil {
		l = w.ladsoft(debug)
		for _, name := range l.files {
			w.line("C0105,%s.", counted(name))
		}
	}
	w.line("CO101,07ENDHEAD.")
	w.checksum()
	w.headers()
	w.start()
	w.checksum()
	w.symbols(l)
	w.checksum()
	w.line("CO100,06ENDSYM.")
	if l != nil {
		w.locals(l)
	}
	for _, s := range w.sections {
		w.load(s)
	}
	w.line("ME.")
	return w.out.Bytes(), w.messages
}

// collect numbers sections and external symbols. Line numbers are a section of their
// own, the first one.
func (w *writer) collect(debug bool) {
	if debug {
		w.sections = append(w.sections, &section{Section: &program.Section{Name: "??LINE", Align: 1, Segment: &program.Segment{Combine: program.Public}}, index: 1})
	}
	for _, in := range w.program.Sections {
		s := &section{Section: in, index: len(w.sections) + 1}
		w.sections = append(w.sections, s)
		w.places[in.ID], w.places[in.Segment.Base] = s, s
	}
	for _, s := range w.program.Table {
		id, placed := s.Value.Segment()
		if s.Extern || s.Common || s.Global && s.Value.IsNumber() {
			w.externs = append(w.externs, s)
			if placed {
				w.numbers[id] = len(w.externs)
			}
		}
	}
}

// line writes a command and adds its characters to the checksum.
func (w *writer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, c := range []byte(text) {
		if c >= ' ' {
			w.sum += int(int8(c))
		}
	}
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

func (w *writer) checksum() {
	w.line("CS%02X.", (w.sum+'C'+'S')&0x7f)
	w.sum = 0
}

// counted is text with its length in front.
func counted(text string) string { return fmt.Sprintf("%02X%s", len(text), text) }

// name is a name with its length in front, as the source wants it written.
func (w *writer) name(text string) string {
	if w.program.Segmented.Uppercase {
		text = strings.ToUpper(text)
	}
	return counted(text)
}

// headers writes names, alignments and sizes of the sections.
func (w *writer) headers() {
	for _, s := range w.sections {
		if s.Segment.Placed {
			w.line("ST%X,A,%s.", s.index, w.name(s.Name))
			w.line("ASL%X,%X.", s.index, s.Segment.Absolute*16)
			continue
		}
		w.line("ST%X,%s,%s.", s.index, combines[s.Segment.Combine], w.name(s.Name))
		w.line("SA%X,%X.", s.index, s.Align)
		w.line("ASS%X,%X.", s.index, s.size())
	}
}

// start says where the program begins, if the source does.
func (w *writer) start() {
	start := w.program.Start()
	if start == nil {
		return
	}
	id, _ := start.Value.Segment()
	if in := w.places[id]; in != nil {
		w.line("ASG,R%X,%X,+.", in.index, start.Value.N)
	}
}

// within lists the symbols that have their place in s, without those whose names only
// mean something to the assembler.
func (w *writer) within(s *section, global bool) (list []*program.Symbol) {
	for _, symbol := range w.program.Table {
		id, placed := symbol.Value.Segment()
		if placed && s.Section.ID == id && symbol.Global == global && !(strings.HasPrefix(symbol.Name, "..") && !strings.HasPrefix(symbol.Name, "..@")) {
			list = append(list, symbol)
		}
	}
	return list
}

// symbols writes the global and external symbols, with their types where l has some.
func (w *writer) symbols(l *ladsoft) {
	number := 0
	for _, s := range w.sections {
		for _, symbol := range w.within(s, true) {
			number++
			w.symbol('I', number, s, symbol, l)
		}
	}
	for i, s := range w.externs {
		w.line("NX%X,%s.", i+1, w.name(s.Name))
	}
}

// symbol writes the name and place of a symbol, and its type if l has one; kind is N
// for a local one and I for one that other files see.
func (w *writer) symbol(kind byte, number int, in *section, s *program.Symbol, l *ladsoft) {
	w.line("N%c%X,%s.", kind, number, w.name(s.Name))
	w.line("AS%c%X,R%X,%X,+.", kind, number, in.index, s.Value.N)
	if l != nil {
		w.line("AT%c%X,%s.", kind, number, l.types[s])
	}
}

// contents makes the bytes of the sections, and notes their fields.
func (w *writer) contents() {
	var first *section // that has fields
	extra := int64(0)
	for _, s := range w.sections {
		s.data = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
		if len(s.fields) > 0 && first == nil {
			first = s
		}
		extra += s.size() - int64(len(s.data))
	}
	if first != nil {
		w.messages.Add(diag.Warningf("other", first.Range, "this object has room for every address twice, %d bytes too many, as nasm 2.16 writes it", extra).
			Notef("a linker puts what follows an address behind where its label says that it is; the format obj has no such fault"))
	}
}

// position is where the byte at an offset stands in the section as the file has it,
// where room is left for fields in front of their contents.
func (s *section) position(offset int64) int64 {
	if i := sort.Search(len(s.fields), func(i int) bool { return s.fields[i].at >= offset }); i > 0 {
		return offset + s.fields[i-1].room
	}
	return offset
}

// size is that of the section as the file has it.
func (s *section) size() int64 { return s.position(int64(len(s.data))+1) - 1 }

// add notes a field; those in front of it are there already.
func (s *section) add(f field) {
	f.room = f.size
	if n := len(s.fields); n > 0 {
		f.room += s.fields[n-1].room
	}
	s.fields = append(s.fields, f)
}

// load writes the contents of s.
func (w *writer) load(s *section) {
	at, position := int64(0), int64(0)
	write := func(end int64) {
		for at < end {
			n := min(end-at, perLine)
			w.line("LD%X.", s.data[at:at+n])
			at, position = at+n, position+n
		}
	}
	if s.size() == 0 {
		return
	}
	w.line("SB%X.", s.index)
	for _, f := range s.fields {
		for next := position/block*block + block; next < position+f.at-at; next += block {
			write(at + next - position)
		}
		write(f.at)
		w.line("LR(%s,%X).", f.text, f.size)
		position += f.size
	}
	write(int64(len(s.data)))
	w.checksum()
}

// refer adds the field for r in s, and returns what stands in the contents.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	f := field{at: r.Offset, size: int64(r.Size)}
	target, number := w.places[r.Segment], w.numbers[r.Segment]
	value := r.Addend
	if r.Relative {
		value += int64(r.Size)
	}
	switch {
	case r.Segment == 0:
		return 0, diag.Errorf(r.Range, "IEEE-695 has no relocation for the distance to an absolute address")
	case target == nil && number == 0:
		return 0, diag.Errorf(r.Range, "this refers to something that is in no segment of the object")
	case r.Size < 2 || r.Size == 8 && r.Relative:
		return 0, diag.Errorf(r.Range, "IEEE-695 has no relocation for a field of %d bits", int(r.Size)*8).
			Notef("offsets have 16 or 32 bits, selectors 16")
	case r.Relative && r.Kind != x86.Relative:
		return 0, diag.Errorf(r.Range, "IEEE-695 has no relocation for a distance in data")
	case r.Selector && target != nil && target.Segment.Placed:
		return 0, diag.Errorf(r.Range, "IEEE-695 has no relocation for the selector of a segment that has its place").
			Notef("write its number: %d", target.Segment.Absolute)
	}
	f.size = min(f.size, 4)
	if r.Selector {
		f.size = 2
	}
	switch {
	case r.Value.Wrt != 0:
		frame := w.places[r.Value.Wrt]
		if frame == nil || r.Relative || r.Selector || frame.Segment.Placed {
			return 0, diag.Errorf(r.Range, "WRT needs a segment here, and a field that holds an offset")
		}
		f.text = fmt.Sprintf("X%X,Y%X,+,L%X,-", number, number, frame.index)
		if target != nil {
			f.text = fmt.Sprintf("R%X,%X,+,L%X,+,L%X,-", target.index, uint32(value), target.index, frame.index)
		}
	case r.Selector && target != nil:
		f.text = fmt.Sprintf("L%X,10,/", target.index)
	case r.Selector:
		f.text = fmt.Sprintf("Y%X,10,/", number)
	case r.Relative && target != nil:
		f.text = fmt.Sprintf("R%X,%X,+,P,-,%X,-", target.index, uint32(value), r.Size)
	case r.Relative:
		f.text = fmt.Sprintf("X%X,P,-,%X,-", number, r.Size)
	case target != nil:
		f.text = fmt.Sprintf("R%X,%X,+", target.index, uint32(value))
	default:
		f.text = fmt.Sprintf("X%X", number)
	}
	s.add(f)
	return value, nil
}
