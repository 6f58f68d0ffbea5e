package listing

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/parser"
	"tasm/program"
)

// Nasm writes a listing as nasm does (nasm manual, 2.1.4 "-l"): every line of
// the source that is read, with what it makes in front: offset and bytes in
// hexadecimal. It is told what an assembler reads and places, in that order.
type Nasm struct {
	Files *diag.Files
	Root  diag.FileID // the source
	// Decimal shows counts in decimal, not in hexadecimal.
	Decimal bool
	Show    parser.Shown

	begun     bool
	lengths   bool  // of what is placed are listed, not the bytes
	length    int64 // of what the statement placed last has placed, from start on
	out       strings.Builder
	line      int // number of the line at hand, 0 before the first
	text      string
	level     int
	hasRow    bool // the line at hand is not written yet
	data      strings.Builder
	offset    int64
	start     int64
	seen      []place         // where each level of files and macros has come to
	last      *lang.Statement // that TIMES repeats piece by piece
	lastBytes []byte          // of its fragment placed last
	lastRange diag.Range      // its place: what is not kept is written over by the next
	times     int64
	at        diag.Range // the line at hand
	ends      []lineEnd
}

// lineEnd is where the rows of a line of the source end.
type lineEnd struct {
	file        diag.FileID
	line, level int
	end         int // in Nasm.out
}

// place is a line of a file, or of a macro's body.
type place struct {
	file  diag.FileID
	line  int
	macro bool
}

// dataWidth is how many characters of data stand in a row.
const dataWidth = 18

// Begin forgets what was listed: another pass begins, in which lengths are known
// at most or also what is placed.
func (n *Nasm) Begin(lengths bool) {
	*n = Nasm{Files: n.Files, Root: n.Root, Decimal: n.Decimal, Show: n.Show, begun: true, lengths: lengths, seen: []place{{file: n.Root}}}
}

// Begun reports whether there is anything to list.
func (n *Nasm) Begun() bool { return n.begun }

// Shows is what is listed besides the lines of the source.
func (n *Nasm) Shows() parser.Shown { return n.Show }

// Note is told of something that has no line of its own.
func (n *Nasm) Note(level int, text string) {
	n.finish()
	n.text, n.level, n.hasRow = text, level, true
}

// Line is told of each line that is read. level counts the macros and files
// that it is in; in the body of a macro comments are gone.
func (n *Nasm) Line(at diag.Range, level int, macro bool) {
	n.finish()
	p := n.Files.Position(at)
	n.skipped(at, p.Line, level, macro)
	source := n.Files.Text(at.File)
	start := bytes.LastIndexByte(source[:p.Offset], '\n') + 1
	end := max(int(at.End), p.Offset)
	text := string(source[start:end])
	if !macro {
		if i := bytes.IndexByte(source[end:], '\n'); i >= 0 {
			end += i
		} else {
			end = len(source)
		}
		text = string(source[start:end])
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), "\\\n", "")
	if macro {
		text = squeeze(text)
	}
	n.line, n.text, n.level, n.hasRow, n.at = p.Line, text, level, true, at
	n.seen[level].line = n.Files.Position(diag.Range{File: at.File, Start: int32(end), End: int32(end)}).Line
}

// skipped lists the lines before this one that are empty or comments, which
// nobody reads.
func (n *Nasm) skipped(at diag.Range, line, level int, macro bool) {
	n.leave(level + 1)
	for len(n.seen) <= level {
		n.seen = append(n.seen, place{})
	}
	before := &n.seen[level]
	if before.file != at.File || before.macro != macro {
		*before = place{at.File, 0, macro}
		if macro {
			for before.line = line - 1; n.empty(at.File, before.line); before.line-- {
			}
		}
	}
	n.fill(before, line, level)
}

// fill lists the lines of a file from where it has come to up to another.
func (n *Nasm) fill(from *place, to, level int) {
	for l := from.line + 1; l < to; l++ {
		n.line, n.text, n.level, n.hasRow = l, "", level, true
		if !from.macro {
			n.text = n.Files.Line(from.file, l)
		}
		n.row()
	}
}

// empty reports whether a line of a file has nothing in it but a comment.
func (n *Nasm) empty(file diag.FileID, line int) bool {
	if line < 1 || line > n.Files.Lines(file) {
		return false
	}
	text := strings.TrimSpace(n.Files.Line(file, line))
	return text == "" || text[0] == ';'
}

// leave ends the levels from level on; files and macros are listed to their ends.
func (n *Nasm) leave(level int) {
	for len(n.seen) > level {
		last := len(n.seen) - 1
		switch p := n.seen[last]; {
		case p.file == 0:
		case p.macro:
			end := p.line + 1
			for n.empty(p.file, end) {
				end++
			}
			n.fill(&p, end, last)
		default:
			n.fill(&p, n.Files.Lines(p.file)+1, last)
		}
		n.seen = n.seen[:last]
	}
}

// squeeze makes one blank of each run of white space outside of strings.
func squeeze(text string) string {
	var b strings.Builder
	quote, blank := byte(0), false
	for i := range len(text) {
		c := text[i]
		if quote == 0 && (c == ' ' || c == '\t') {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		switch {
		case quote == c:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"' || c == '`'):
			quote = c
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Place is told of what a line makes, offset bytes into section s.
func (n *Nasm) Place(f *program.Fragment, offset int64, s lang.SegmentID) {
	_, padding := f.Source.Body.(*lang.Align)
	again := f.Source == n.last && f.Source.Range == n.lastRange && (!padding || bytes.Equal(f.Bytes, n.lastBytes))
	switch {
	case n.lengths && again:
		n.length += f.Size * f.Repeat
		return
	case n.lengths:
		n.repeated()
		n.last, n.lastBytes, n.lastRange = f.Source, f.Bytes, f.Source.Range
		n.length, n.start = f.Size*f.Repeat, offset
		return
	case again && (f.Source.Times != nil || padding):
		n.times += f.Repeat
		return
	}
	n.repeated()
	n.last, n.lastBytes, n.lastRange, n.times = f.Source, f.Bytes, f.Source.Range, f.Repeat
	total := f.Size * f.Repeat
	switch _, incbin := f.Source.Body.(*lang.Incbin); {
	case total == 0: // repeated all the same
	case f.Kind == program.Space && total <= 8:
		n.piece(offset, strings.Repeat("??", int(total)))
		n.times = 1
	case f.Kind == program.Space:
		n.piece(offset, n.count("res", total))
		n.times = 1
	case incbin:
		n.piece(offset, n.count("bin", f.Size))
	default:
		n.bytes(f, offset, s)
	}
}

// bytes lists the contents of f: bytes that are final, and fields that are not,
// in brackets, or in parentheses where they are distances.
func (n *Nasm) bytes(f *program.Fragment, offset int64, s lang.SegmentID) {
	at := 0
	for i := range f.Fixups {
		fix := &f.Fixups[i]
		n.raw(f.Bytes[at:fix.Offset], offset+int64(at))
		at = int(fix.Offset) + int(fix.Size)
		value, open, end := fix.Value.N, "[", "]"
		switch {
		case len(fix.Value.Terms()) > 1:
			open, end = "(", ")" // a distance from this section
		case fix.Kind != 0:
			in, relocated := fix.Value.Segment()
			switch {
			case relocated && in == s && fix.Value.Wrt == 0:
				value -= offset + int64(fix.End)
				open, end = "", ""
			default:
				open, end = "(", ")"
			}
		}
		var b strings.Builder
		for k := range int(fix.Size) {
			fmt.Fprintf(&b, "%02X", byte(value>>(8*k)))
		}
		if open == "" {
			var field [8]byte
			for k := range field {
				field[k] = byte(value >> (8 * k))
			}
			n.raw(field[:fix.Size], offset+int64(fix.Offset))
			continue
		}
		n.piece(offset+int64(fix.Offset), open+b.String()+end)
	}
	n.raw(f.Bytes[at:], offset+int64(at))
}

func (n *Nasm) raw(data []byte, offset int64) {
	for i, b := range data {
		n.piece(offset+int64(i), hexBytes[2*int(b):2*int(b)+2])
	}
}

// hexBytes are the two digits of every byte.
var hexBytes = func() string {
	var b strings.Builder
	for i := range 256 {
		fmt.Fprintf(&b, "%02X", i)
	}
	return b.String()
}()

// piece adds text that stays together.
func (n *Nasm) piece(offset int64, text string) {
	if n.data.Len()+len(text) > dataWidth {
		n.data.WriteByte('-')
		n.row()
	}
	if n.data.Len() == 0 {
		n.offset = offset
	}
	n.data.WriteString(text)
}

// repeated adds how often TIMES has repeated what was placed last.
func (n *Nasm) repeated() {
	if n.times > 1 {
		n.piece(n.offset, n.count("rep", n.times))
	}
	if n.length > 0 {
		n.piece(n.start, n.count("len", n.length))
	}
	n.last, n.times, n.length = nil, 0, 0
}

// count is a number of bytes or repetitions.
func (n *Nasm) count(what string, number int64) string {
	if n.Decimal {
		return fmt.Sprintf("<%s %d>", what, number)
	}
	return fmt.Sprintf("<%s %Xh>", what, number)
}

// row writes a row; only the first of a line has its text.
func (n *Nasm) row() {
	fmt.Fprintf(&n.out, "%6d ", n.line)
	if n.data.Len() > 0 {
		fmt.Fprintf(&n.out, "%08X %-*s", n.offset, dataWidth+1, n.data.String())
	} else {
		fmt.Fprintf(&n.out, "%*s", dataWidth+10, "")
	}
	switch {
	case n.level > 0:
		if n.level < 10 {
			n.out.WriteByte(' ')
		}
		fmt.Fprintf(&n.out, "<%d>", n.level)
	case n.hasRow:
		n.out.WriteString("    ")
	}
	if n.hasRow {
		n.out.WriteString(" " + n.text)
	}
	n.out.WriteByte('\n')
	n.data.Reset()
	n.hasRow = false
}

// finish writes what is left of the line at hand.
func (n *Nasm) finish() {
	n.repeated()
	if n.hasRow || n.data.Len() > 0 {
		n.row()
	}
	if n.at.File != 0 {
		n.ends = append(n.ends, lineEnd{n.at.File, n.line, n.level, n.out.Len()})
	}
}

// Text returns the listing, with each message behind the line that it is about.
func (n *Nasm) Text(messages []*diag.Message, text func(*diag.Message) string) string {
	n.finish()
	n.leave(0)
	out := n.out.String()
	behind := map[int]string{} // by the place in out
	for _, m := range messages {
		p := n.Files.Position(m.Range)
		i := -1 // the deepest, which is the expansion of a macro
		for k, e := range n.ends {
			if e.file == m.Range.File && e.line == p.Line && (i < 0 || e.level > n.ends[i].level) {
				i = k
			}
		}
		if m.Range.IsZero() || i < 0 {
			continue
		}
		// Text behind the same line, as an expansion, belongs to it.
		for i+1 < len(n.ends) && n.ends[i+1].file == n.ends[i].file && n.ends[i+1].line == p.Line && n.ends[i+1].level == n.ends[i].level {
			i++
		}
		level := "     "
		if l := n.ends[i].level; l > 0 {
			level = fmt.Sprintf("%*s", len(level), fmt.Sprintf("<%d>", l))
		}
		behind[n.ends[i].end] += fmt.Sprintf("%6d %*s%s%s  %s\n", p.Line, 9, "", strings.Repeat("*", dataWidth), level, text(m))
	}
	var b strings.Builder
	last := 0
	for _, at := range slices.Sorted(maps.Keys(behind)) {
		b.WriteString(out[last:at] + behind[at])
		last = at
	}
	return b.String() + out[last:]
}
