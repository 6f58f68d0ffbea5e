// Package dbg writes what a source tells the format that it is assembled to, pass by
// pass, as nasm's output format of that name does. It is made for people who write
// output formats: no linker reads it.
//
// Of what happens in a pass only the sizes change from one to the next, so all of them are
// told by the last one.
package dbg

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// noSegment is the number of what is in no segment.
const noSegment = 0xffffffff

type writer struct {
	bytes.Buffer
	debug    *object.Debug
	numbers  map[lang.SegmentID]uint32
	sections map[string]uint32
	next     uint32
	most     uint64 // as many bytes are shown
	labels   bool   // sections have labels
	pass     string // number and name
	kind     pass
	segment  uint32 // of the section at hand
	file     string // of the line told last
	line     int
	in       uint32
}

type pass uint8

const (
	first pass = iota
	optimize
	stabilize
	final
)

var passNames = [...]string{first: "first", optimize: "optimize", stabilize: "stabilize", final: "final"}

// Write tells what the program's source says. debug is nil where debug information is
// not asked for.
func Write(p *program.Program, source, output string, debug *object.Debug) []byte {
	const mostShown = 128
	w := &writer{
		debug: debug, numbers: map[lang.SegmentID]uint32{}, sections: map[string]uint32{}, most: mostShown, labels: true,
	}
	fmt.Fprintf(w, "NASM Output format debug dump\ninput file  = %s\noutput file = %s\n", source, output)
	start := w.number()
	w.tell("dbg init: debug information enabled\n")
	// Behind the first pass nasm makes at least one that may change something, goes on until
	// one has changed nothing, and makes two more.
	last := max(p.Changing+1, 2) + 2
	for n := 1; n <= last; n++ {
		switch w.kind = optimize; n {
		case 1:
			w.kind = first
		case last - 1:
			w.kind = stabilize
		case last:
			w.kind = final
		}
		w.pass = fmt.Sprintf("%d (%s)", n, passNames[w.kind])
		fmt.Fprintf(w, "*** pass reset: pass = %s\nsection_name on init: returning %d\n", w.pass, start)
		w.segment = start
		for i := range p.Trace {
			w.event(&p.Trace[i])
		}
	}
	w.tell("dbg cleanup: called\n")
	return w.Bytes()
}

// number takes a segment number: even ones are addresses, the odd one behind it the
// selector.
func (w *writer) number() uint32 {
	w.next += 2
	return w.next
}

// tell is for debuggers.
func (w *writer) tell(format string, args ...any) {
	if w.debug != nil {
		fmt.Fprintf(w, format, args...)
	}
}

func (w *writer) event(e *program.Event) {
	switch e.Kind {
	case program.OpensSection:
		text := e.Name
		if e.Text != "" {
			text += " " + e.Text
		}
		w.segment = w.section("section_names", text, e)
	case program.DefinesLabel:
		w.label(e)
	case program.DeclaresSymbol:
		id, ok := e.Value.Segment()
		switch {
		case !ok:
		case e.Symbol == program.GlobalSymbol: // defined further down: a number is lost
			if w.kind == first {
				w.number()
			}
			return
		case w.numbers[id] == 0:
			w.numbers[id] = w.number()
		}
		w.symbol(e)
	case program.Aligns:
		if !e.Absolute {
			fmt.Fprintf(w, "set alignment (%d) for segment (%d)\n", w.segment, e.Size)
		}
	case program.Directs:
		if e.Name == "debug" {
			w.debugDirective(e.Text)
			return
		}
		if e.Name == "group" {
			w.section("directive:group", e.Text, e)
		}
		fmt.Fprintf(w, "directive [%s] value [%s] pass %s\n", e.Name, e.Text, w.pass)
	case program.Advises:
		w.pragma(e)
	case program.Places:
		if w.kind == final {
			w.place(e)
		}
	}
}

// debugDirective tells of a DEBUG line.
func (w *writer) debugDirective(text string) {
	if w.kind == final {
		id, value, _ := strings.Cut(text, " ")
		w.tell("dbg directive: id [%s] value [%s] pass %s\n", id, value, w.pass)
	}
}

// section finds the number of a section, and tells of a new one.
func (w *writer) section(what, text string, e *program.Event) uint32 {
	name, rest, _ := strings.Cut(text, " ")
	number, known := w.sections[name]
	if known {
		return number
	}
	number = w.number()
	w.sections[name] = number
	if id, ok := e.Place.Segment(); ok && e.Kind == program.OpensSection {
		w.numbers[id] = number
	}
	for _, t := range e.Value.Terms() { // of a group
		w.numbers[lang.SegmentID(t.ID)] = number
	}
	fmt.Fprintf(w, "%s %s (%s) pass %s : returning %d\n", what, text, rest, w.pass, number)
	if w.labels {
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "..") {
			name = e.Parent + name
		}
		fmt.Fprintf(w, "deflabel %s := %08x:%016x local (0)(null)\n", name, number+1, 0)
	}
	return number
}

// segmentOf is the number of the segment that v is relative to, and whether it is its
// selector that is meant.
func (w *writer) segmentOf(v *lang.Value) uint32 {
	for _, t := range v.Terms() {
		id := lang.SegmentID(t.ID)
		number, known := w.numbers[id]
		if !known {
			number = 2 // where the source begins
		}
		switch {
		case t.Kind == lang.SelectorTerm:
			return number | 1
		case t.Coef > 0:
			return number
		}
	}
	return noSegment
}

// label tells of a label, and before it, from the second pass on, that one is here.
func (w *writer) label(e *program.Event) {
	if w.kind == final && e.Equ || w.kind == first {
		return
	}
	if !e.Absolute && e.Value == e.Place {
		segment := w.segmentOf(&e.Value)
		fmt.Fprintf(w, "herelabel %s type %d (seg %08x) -> %08x\n", e.Name, e.Symbol, segment, segment)
	}
	w.symbol(e)
}

// symbol tells of a symbol what a linker must know.
func (w *writer) symbol(e *program.Event) {
	special := e.Text
	if special == "" {
		special = "(null)"
	} else {
		special = ": " + special
	}
	if w.kind == final {
		if e.Text != "" && (e.Symbol == program.GlobalSymbol || e.Symbol == program.RequiredSymbol || e.Symbol == program.CommonSymbol) {
			fmt.Fprintf(w, "deflabel %s := %08x:%016x global (3)%s\n", e.Name, 0, 0, special)
		}
		return
	}
	if w.kind != stabilize || e.Symbol == program.ExternSymbol && !e.Used {
		return
	}
	segment, value, linkage := w.segmentOf(&e.Value), e.Value.N, "local (0)"
	switch e.Symbol {
	case program.GlobalSymbol, program.ExternSymbol, program.RequiredSymbol:
		linkage = "global (1)"
	case program.CommonSymbol:
		linkage, value = "common (2)", e.Size
	}
	fmt.Fprintf(w, "deflabel %s := %08x:%016x %s%s\n", e.Name, segment, uint64(value), linkage, special)
	if e.Symbol == program.CommonSymbol {
		value = 0
	}
	if e.Symbol != program.SpecialSymbol {
		w.tell("dbg deflabel: %s = %08x:%016x %s%s\n", e.Name, segment, uint64(value), linkage, special)
	}
}

// operations are the words of pragmas that nasm knows as directives.
var operations = map[string]bool{}

func init() {
	for _, word := range strings.Fields(`absolute bits common cpu debug default extern float global static list section segment
		warning sectalign pragma required export group import library map module org osabi safeseh uppercase prefix suffix gprefix
		gsuffix lprefix lsuffix limit options subsections_via_symbols no_dead_strip maxdump nodepend noseclabels`) {
		operations[word] = true
	}
}

// pragma tells of a pragma, and obeys those that are about the trace.
func (w *writer) pragma(e *program.Event) {
	operation, tail, _ := strings.Cut(e.Text, " ")
	known := "<invalid 1>"
	if operations[strings.ToLower(operation)] {
		known = strings.ToLower(operation)
	}
	fmt.Fprintf(w, "pragma %s(<default>) %s[%s] %s\n", e.Name, operation, known, tail)
	switch known {
	case "maxdump":
		if n, err := strconv.ParseUint(tail, 0, 64); err == nil {
			w.most = n
		} else if strings.EqualFold(tail, "unlimited") {
			w.most = 1<<64 - 1
		}
	case "noseclabels":
		w.labels = false
	}
}

// place tells of what a statement places, piece by piece.
func (w *writer) place(e *program.Event) {
	segment := w.segmentOf(&e.Place)
	if e.Absolute {
		segment = noSegment
	}
	at := e.Place.N
	flags := "" // of the field in front, for bytes
	for i := range e.Pieces {
		p := &e.Pieces[i]
		if p.Size == 0 {
			continue
		}
		w.lineOf(e, segment)
		if e.Absolute {
			continue
		}
		switch field := p.Kind == program.Address || p.Kind == program.Distance || p.Kind == program.SegmentPiece; {
		case p.Signed:
			flags = "signed"
		case p.Unsigned && !unmarked[e.Name]:
			flags = "unsigned"
		case field:
			flags = ""
		}
		fmt.Fprintf(w, "out to %x:%x %s(%s) bits %d insoffs %d/%d size %d", segment, at, pieceNames[p.Kind], flags, e.Bits, p.Offset, p.Length, p.Size)
		if e.Name != "" {
			fmt.Fprintf(w, " ins %s(%d)", e.Name, e.Operands)
		} else {
			w.WriteString(" no ins (plain data)")
		}
		w.piece(e, p, segment, at)
		at += p.Size
	}
}

// unmarked are instructions of whose number nasm's table doesn't say that it has no sign,
// as it does elsewhere.
var unmarked = map[string]bool{
	"aeskeygenassist": true, "gf2p8affineinvqb": true, "gf2p8affineqb": true, "hreset": true, "pclmulqdq": true, "pshufd": true,
	"pshufhw": true, "pshuflw": true, "pshufw": true, "sha1rnds4": true, "xabort": true,
}

var pieceNames = [...]string{
	program.Raw: "rawdata", program.Reserved: "reserve", program.Zeros: "zerodata", program.Address: "address",
	program.Distance: "reladdr", program.SegmentPiece: "segment",
}

// piece ends the line about p, which stands at, and says what formats of the old kind are told.
func (w *writer) piece(e *program.Event, p *program.Piece, segment uint32, at int64) {
	target, wrt := uint32(noSegment), uint32(noSegment)
	switch p.Kind {
	case program.Address, program.Distance, program.SegmentPiece:
		target = w.segmentOf(&p.Value)
		if p.Kind == program.SegmentPiece {
			target |= 1
		}
		fmt.Fprintf(w, " target %x:%x", target, uint64(p.Value.N))
		if p.Value.Wrt != 0 {
			wrt = w.numbers[p.Value.Wrt] | 1
			fmt.Fprintf(w, " wrt %x", wrt)
		}
	}
	base := int64(0)
	if p.Kind == program.Distance {
		if !slices.ContainsFunc(p.Value.Terms(), func(t lang.Term) bool { return t.Coef < 0 }) {
			base = at + p.Length - p.Offset
		}
		fmt.Fprintf(w, " relbase %x", uint64(base))
	}
	w.WriteByte('\n')
	if p.Kind == program.Raw {
		w.dump(p.Bytes)
	}
	switch p.Kind {
	case program.Address, program.SegmentPiece:
		fmt.Fprintf(w, "  legacy: out to %x, len = %d: addr %08x (seg %08x, wrt %08x)\n", segment, p.Size, uint32(p.Value.N), target, wrt)
	case program.Distance:
		end := base - at
		digits := 2 * int(p.Size)
		value := uint64(p.Value.N) & (1<<(8*p.Size) - 1)
		fmt.Fprintf(w, "  legacy: out to %x, len = %d (0x%x): rel%dadr %0*x (seg %08x)\n", segment, end, uint64(end), p.Size, digits, value, target)
	case program.Reserved:
		fmt.Fprintf(w, "  legacy: out to %x, len = %d (0x%x): reserved.\n", segment, p.Size, p.Size)
	default:
		fmt.Fprintf(w, "  legacy: out to %x, len = %d (0x%x): rawdata\n", segment, p.Size, p.Size)
	}
}

// dump shows bytes, sixteen to a line.
func (w *writer) dump(data []byte) {
	const perLine = 16
	if uint64(len(data)) > w.most {
		fmt.Fprintf(w, "  data: <%d bytes>\n", len(data))
		return
	}
	for len(data) > 0 {
		line := data[:min(perLine, len(data))]
		data = data[len(line):]
		w.WriteString("  data:")
		for i, b := range line {
			separator := byte(' ')
			if i == perLine/2 {
				separator = '-'
			}
			fmt.Fprintf(w, "%c%02x", separator, b)
		}
		fmt.Fprintf(w, "%*s", 3*(perLine-len(line))+4, "")
		for _, b := range line {
			if b < ' ' || b > '~' {
				b = '.'
			}
			w.WriteByte(b)
		}
		fmt.Fprintf(w, "%*s\n", perLine-len(line), "")
	}
}

// lineOf tells of the line that a piece comes from, if it is another one.
func (w *writer) lineOf(e *program.Event, segment uint32) {
	if w.debug == nil {
		return
	}
	file, line := w.debug.Files.Origin(e.Source.Place())
	if file != w.file || line != w.line || segment != w.in {
		w.file, w.line, w.in = file, line, segment
		w.tell("dbg linenum: %s(%d) segment %x\n", file, line, segment)
	}
}
