package assembler

import (
	"encoding/binary"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/program"
)

// data handles DB and its sisters.
func (a *assembler) data(l *line, body *lang.Data, times int64) {
	sizeDepends := a.resizes
	d := dataBuilder{a: a, buf: a.scratch[:0], fixups: a.fixups[:0]}
	a.pieces = nil
	d.items(body.Items, body.Width)
	a.scratch, a.fixups = d.buf, d.fixups
	if a.failed {
		return
	}
	a.resizes = sizeDepends || d.resizes
	kind := program.Data
	if d.uninitialised && len(body.Items) > 0 && !d.initialised {
		kind = program.Space
	}
	if kind == program.Space {
		a.reserveBytes(l, int64(len(d.buf)), times)
		return
	}
	f := program.Fragment{
		Kind: kind, Repeat: times, Bytes: d.buf, Size: int64(len(d.buf)),
		Fixups: d.fixups, Source: l.statement,
	}
	a.emit(l, f)
}

// emit places a fragment whose Bytes and Fixups are scratch memory, and remembers that of
// a settled line.
func (a *assembler) emit(l *line, f program.Fragment) {
	if !a.asked && !a.failed && !a.tracing() {
		l.fragment, l.settled = f, true
	}
	if a.final && (!a.joins() || !joinable(&f) || a.opts.Listing != nil) {
		a.current.own(&f)
	}
	a.place(f)
}

// dataBuilder collects the bytes of one DB statement.
type dataBuilder struct {
	a             *assembler
	buf           []byte
	fixups        []program.Fixup
	resizes       bool // a DUP count depends on a symbol
	initialised   bool
	room          int // width of the items without contents at the end, 0 for none
	uninitialised bool
}

func (d *dataBuilder) items(items []lang.DataItem, width int) {
	for i := range items {
		d.item(&items[i], width)
		if d.a.failed {
			return
		}
	}
}

func (d *dataBuilder) item(it *lang.DataItem, width int) {
	if it.Width != 0 {
		width = int(it.Width)
	}
	count := int64(1)
	if it.Count != nil {
		before := d.a.asked
		d.a.asked = false
		n, ok := d.a.constant(it.Count, it.Range, "DUP")
		d.resizes = d.resizes || d.a.asked
		d.a.asked = d.a.asked || before
		if !ok {
			return
		}
		if n < 0 {
			d.a.fail(d.a.errorf(it.Count.Span(), "DUP can't repeat something %d times", n))
			return
		}
		count = n
	}
	for ; count > 0; count-- {
		start := len(d.buf)
		switch {
		case it.Group != nil:
			d.items(it.Group, width)
		case it.Uninitialised:
			d.uninitialised = true
			d.buf = append(d.buf, make([]byte, width)...)
			d.a.pieceOfRoom(int64(width), d.room == width)
			d.room = width
		default:
			d.value(it, width)
		}
		if d.a.failed {
			return
		}
		size := int64(len(d.buf) - start)
		if size == 0 {
			return
		}
		if count > (MaxStatementSize-int64(start))/size {
			d.a.fail(d.a.errorf(it.Range, "this statement spells out more than %d bytes", MaxStatementSize).
				Notef("TIMES in front of a single item repeats it without that limit"))
			return
		}
	}
}

// value appends one initialised item.
func (d *dataBuilder) value(it *lang.DataItem, width int) {
	d.initialised, d.room = true, 0
	if s, ok, m := lang.StringOf(it.Value, d.a.AsNasm()); m != nil {
		d.a.fail(m)
		return
	} else if ok {
		d.buf = append(d.buf, s...)
		padding := 0
		if rest := len(s) % width; rest != 0 {
			padding = width - rest
			d.buf = append(d.buf, make([]byte, padding)...)
		}
		d.a.pieceOfText([]byte(s), padding)
		return
	}
	if b, ok, m := lang.FloatOf(it.Value, width, d.a.float); m != nil {
		d.a.fail(m)
		return
	} else if ok {
		d.a.warn(lang.FloatWarning(it.Value, width))
		d.buf = append(d.buf, b...)
		d.a.pieceOfText(b, 0)
		return
	}
	v, ok := d.a.eval(it.Value)
	if !ok {
		return
	}
	if width > 8 {
		d.a.fail(d.a.errorf(it.Range, "an integer can't fill %d bytes", width).
			Notef("write it as a floating-point number (1.0 instead of 1), or store it with DQ and pad"))
		return
	}
	at := len(d.buf)
	d.buf = append(d.buf, 0, 0, 0, 0, 0, 0, 0, 0)[:at+width]
	if v.Unknown {
		return
	}
	d.a.piece(program.Piece{Kind: program.Address, Size: int64(width), Value: v})
	if v.IsNumber() {
		putLittle(d.buf[at:], v.N)
		d.a.checkRange(it.Range, v.N, width)
		return
	}
	if width != 1 && width != 2 && width != 4 && width != 8 {
		d.a.fail(d.a.errorf(it.Range, "an address can't fill %d bytes", width))
		return
	}
	if m := d.a.checkAddress(&v, it.Range); m != nil {
		d.a.fail(m)
		return
	}
	d.fixups = append(d.fixups, program.Fixup{
		Offset: int32(at), Size: uint8(width), Kind: x86.Absolute, Value: v, Range: it.Range,
	})
}

// putLittle stores n in as many bytes as b has.
func putLittle(b []byte, n int64) {
	var full [8]byte
	binary.LittleEndian.PutUint64(full[:], uint64(n))
	copy(b, full[:])
}

// checkRange warns where n fits neither signed nor unsigned in width bytes.
func (a *assembler) checkRange(at diag.Range, n int64, width int) {
	if width >= 8 {
		return
	}
	limit := int64(1) << (8 * width)
	if -limit/2 <= n && n < limit {
		return
	}
	a.asked = true // as in warn
	if !a.heard(diag.Warning) {
		return
	}
	a.message(diag.Warningf("number-overflow", at, "%d does not fit in %s and loses its upper bits", n, bytesText(width)).
		Notef("%s holds %d to %d; %s stores more", bytesText(width), -limit/2, limit-1, map[int]string{1: "dw", 2: "dd", 4: "dq"}[width]))
}

func bytesText(n int) string {
	switch n {
	case 1:
		return "a byte"
	case 2:
		return "a word (2 bytes)"
	case 4:
		return "a doubleword (4 bytes)"
	}
	return "a quadword (8 bytes)"
}

// checkAddress rejects what layout could not compute: register names, and
// segments that are multiplied.
func (a *assembler) checkAddress(v *lang.Value, at diag.Range) *diag.Message {
	for _, t := range v.Terms() {
		switch {
		case t.Kind == lang.RegisterTerm:
			return diag.Errorf(at, "a register has no value while assembling").
				Notef("data can hold numbers, strings and addresses of labels")
		case t.Coef != 1 && t.Coef != -1:
			return diag.Errorf(at, "an address can't be multiplied").
				Notef("the difference of two labels of one section is a plain number and can")
		}
	}
	return nil
}

// reserve handles RESB and its sisters.
func (a *assembler) reserve(l *line, body *lang.Reserve, times int64) {
	n, ok := a.constant(body.Count, body.Range, "the number of items to reserve")
	if !ok {
		return
	}
	a.resizes = a.asked
	if n < 0 {
		a.fail(a.errorf(body.Count.Span(), "can't reserve %d items", n))
		return
	}
	if n > MaxSectionSize/int64(body.Width) {
		a.tooLarge(l.statement)
		return
	}
	a.reserveBytes(l, n*int64(body.Width), times)
}

func (a *assembler) reserveBytes(l *line, size, times int64) {
	if leftOut := a.segmentWords() != nil || a.tracing(); a.current.out.Flags&program.NoBits == 0 && size*times > 0 && !leftOut {
		// (segments of OMF leave out what is reserved, IEEE-695 and a trace have none without contents)
		a.message(a.warningf("zeroing", l.statement.Range, "section '%s' has contents, so the reserved space is stored as zeros", a.current.out.Name).
			Notef("in section .bss it would take no room in the file"))
	}
	f := program.Fragment{Kind: program.Space, Repeat: times, Size: size, Source: l.statement}
	a.emit(l, f)
	l.settled = false // the warning above is due in every pass
}

// align handles ALIGN and ALIGNB.
func (a *assembler) align(l *line, body *lang.Align) {
	boundary, ok := a.constant(body.Boundary, body.Range, "an alignment")
	a.asked, a.resizes = true, true // the padding depends on the place
	if !ok {
		return
	}
	if boundary <= 0 || boundary > MaxSectionSize {
		a.fail(a.errorf(body.Range, "an alignment must be a power of two, not %d", boundary))
		return
	}
	if body.Times != nil {
		if times, ok := a.times(body.Times); ok {
			a.fill(l, body.Fill, times)
		}
		return
	}
	room := (boundary - (a.current.size+a.current.base.N)%boundary) % boundary
	if room == 0 {
		if body.Reserve && body.Fill == nil {
			a.noteElement(body, 0) // RESB of nothing is one all the same
		}
		return
	}
	if a.current.absolute && body.Fill == nil && !body.Reserve {
		a.fail(a.errorf(body.Range, "ALIGN stores instructions, and nothing can be stored in ABSOLUTE space").
			Notef("ALIGNB reserves room instead"))
		return
	}
	f := program.Fragment{Kind: program.Padding, Repeat: room, Size: 1, Source: l.statement}
	switch {
	case body.Fill != nil:
		a.fill(l, body.Fill, room)
		return
	case body.Mode != "" && a.current.out.Flags&program.NoBits == 0:
		threshold, ok := a.constant(body.Threshold, body.Range, "the threshold of ALIGNMODE")
		if !ok || room > MaxStatementSize {
			return
		}
		for i, piece := range x86.Padding(body.Mode, a.bits, int(room), int(threshold)) {
			if i == 0 && (threshold < 0 || room <= threshold) {
				a.noteElement(&lang.Data{Width: 1}, int64(len(piece.Bytes))) // what is not jumped over is written by DB
			}
			if piece.Times > 0 {
				f.Bytes, f.Repeat, f.Size = piece.Bytes, int64(piece.Times), int64(len(piece.Bytes))
				a.place(f)
			}
		}
		return
	case body.Reserve:
		a.reserveBytes(l, room, 1)
		return
	case a.current.out.Flags&program.NoBits != 0:
		f.Kind = program.Space
	default:
		f.Bytes = nop
	}
	a.place(f)
}

var nop = []byte{0x90}

// fill repeats what stands after the comma of ALIGN to fill room bytes, as
// TIMES would.
func (a *assembler) fill(l *line, body lang.Body, room int64) {
	switch body := body.(type) {
	case *lang.Data:
		a.data(l, body, room)
	case *lang.Reserve:
		a.reserve(l, body, room)
	case *lang.Instruction:
		a.instruction(l, body, room)
	}
	l.settled = false
	a.resizes = true
}

// includeBinary handles INCBIN.
func (a *assembler) includeBinary(l *line, body *lang.Incbin, times int64) {
	contents, m := a.file(body)
	if m != nil {
		a.fail(m)
		return
	}
	size := int64(len(contents))
	skip, length := int64(0), size
	if body.Skip != nil {
		n, ok := a.constant(body.Skip, body.Range, "the number of bytes to skip")
		if !ok {
			return
		}
		if n < 0 {
			a.fail(a.errorf(body.Skip.Span(), "can't skip %d bytes of '%s', which has %d", n, body.Path, size))
			return
		}
		if n > size {
			a.warn(diag.Warningf("other", body.Skip.Span(), "'%s' has only %d bytes, so nothing of it is left", body.Path, size))
			n = size
		}
		skip = n
		length = size - n
	}
	if body.Length != nil {
		n, ok := a.constant(body.Length, body.Range, "the number of bytes to include")
		if !ok {
			return
		}
		if n < 0 {
			a.fail(a.errorf(body.Length.Span(), "can't include %d bytes", n))
			return
		}
		length = min(length, n)
	}
	a.resizes = a.asked
	f := program.Fragment{
		Kind: program.Data, Repeat: times, Bytes: contents[skip : skip+length : skip+length], Size: length, Source: l.statement,
	}
	if !a.asked && !a.tracing() {
		l.fragment, l.settled = f, true
	}
	a.place(f)
}

// included is a file that INCBIN names, as seen from a source file.
type included struct {
	from diag.FileID
	path string
}

// file reads the file of an INCBIN, once.
func (a *assembler) file(body *lang.Incbin) ([]byte, *diag.Message) {
	key := included{body.Range.File, body.Path}
	if b, ok := a.incbin[key]; ok {
		return b, nil
	}
	b, _, err := a.parser.ReadIncluded(body.Path, a.files.Name(body.Range.File))
	if err != nil {
		return nil, diag.Errorf(body.Name, "can't include '%s': %s", body.Path, diag.Reason(err)).
			Notef("it is looked for beside this file and in the directories given with -I")
	}
	a.incbin[key] = b
	return b, nil
}
