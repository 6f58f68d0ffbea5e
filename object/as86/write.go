// Package as86 writes relocatable objects in the format of the assembler as86 and
// the linker ld86 (bin86, objchop.c and ld86's obj.h): the contents as a sequence
// of commands. Order is nasm's, so that the files are the same byte for byte.
package as86

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Flags of a symbol, below which the number of its section stands, and above which
// how many bytes its value takes.
const (
	isEntry    = 1 << 8
	isExported = 1 << 7
	isImported = 1 << 6
	isAbsolute = 1 << 4
	noSection  = 15
	sizeShift  = 14
)

// Numbers of sections: what is reserved stands behind the data.
const (
	textSection = 0
	dataSection = 3
)

// Commands of the contents.
const (
	endOfFile    = 0x00
	skip         = 0x10 // by a number of so many bytes
	section      = 0x20
	rawBytes     = 0x40 // up to 64 of them
	inSection    = 0x80 // a field that holds an address in a section
	symbolField  = 0xc0 // or one that holds a symbol's
	relativeFlag = 0x20
	wideIndex    = 0x04
)

const (
	magic   = 0x000186a3
	segment = 0x55555555 // the largest sizes of 16 sections, two bits each
	maximum = 64         // bytes in one command
)

type writer struct {
	program  *program.Program
	messages *diag.Bag
	byID     map[lang.SegmentID]*program.Section
	symbols  map[lang.SegmentID]int
	text     *program.Section
	data     *program.Section
	zeros    *program.Section
	fields   map[*program.Section][]field
	size     int // of the fields to come
	out      bytes.Buffer
}

type field struct {
	at       int64
	size     int
	value    int64
	number   int // of a section or symbol
	symbol   bool
	relative bool
}

// Write makes the file of a program that was assembled from source. It is nil when
// the messages hold an error.
func Write(p *program.Program, source string) ([]byte, *diag.Bag) {
	none := func() *program.Section { return &program.Section{} }
	w := &writer{program: p, messages: &diag.Bag{}, byID: map[lang.SegmentID]*program.Section{}, symbols: map[lang.SegmentID]int{},
		fields: map[*program.Section][]field{}, text: none(), data: none(), zeros: none()}
	for _, s := range p.Sections {
		w.byID[s.ID] = s
		switch s.Name {
		case ".text":
			w.text = s
		case ".data":
			w.data = s
		default:
			w.zeros = s
		}
	}
	table, names := w.table(strings.TrimSuffix(source, filepath.Ext(source)))
	w.contents(w.text, textSection)
	w.contents(w.data, dataSection)
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	if n := w.zeros.Size; n > 0 {
		w.sized(skip, n)
	}
	w.out.WriteByte(endOfFile)
	return append(w.header(table, names), w.out.Bytes()...), w.messages
}

// width is how a number is written: in how many bytes, and the code for that.
func width(n int64) (size, code int) {
	switch u := uint32(n); {
	case u == 0:
		return 0, 0
	case u <= 0xff:
		return 1, 1
	case u <= 0xffff:
		return 2, 2
	}
	return 4, 3
}

func put(out *bytes.Buffer, n int64, size int) {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(n))
	out.Write(word[:size])
}

// sized writes a command with a number behind it.
func (w *writer) sized(command int, n int64) {
	size, code := width(n)
	w.out.WriteByte(byte(command | code))
	put(&w.out, n, size)
}

// table makes the symbols and their names, in front of which that of the module
// stands.
func (w *writer) table(module string) (table, names bytes.Buffer) {
	names.WriteString(module)
	names.WriteByte(0)
	for i, s := range w.program.Table {
		id, placed := s.Value.Segment()
		flags, value := isAbsolute, s.Value.N
		switch in := w.byID[id]; {
		case s.Common:
			flags, value = isImported|dataSection, s.Size
			w.symbols[id] = i
		case in == w.text && placed:
			flags = textSection
		case in == w.data:
			flags = dataSection
		case in != nil:
			flags = dataSection
			value += w.data.Size
		case placed:
			flags = isImported | noSection
			value = 0
			w.symbols[id] = i
		}
		if s.Global && flags&isImported == 0 {
			flags |= isExported
		}
		if s.Name == program.StartLabel {
			flags |= isEntry
		}
		size, code := width(value)
		put(&table, int64(names.Len()), 2)
		put(&table, int64(flags|code<<sizeShift), 2)
		put(&table, value, size)
		names.WriteString(s.Name)
		names.WriteByte(0)
	}
	return table, names
}

// header makes what stands in front of the contents.
func (w *writer) header(table, names bytes.Buffer) []byte {
	sizes := []int64{w.text.Size, w.data.Size + w.zeros.Size}
	var lengths bytes.Buffer
	descriptor := int64(0)
	for i, n := range sizes {
		bytes, code := 2, int64(2)
		if []int64{w.text.Size, w.data.Size}[i] > 0xffff {
			bytes, code = 4, 3
		}
		descriptor |= code << []int{24, 30}[i]
		put(&lengths, n, bytes)
	}
	const fixed = 27
	var out bytes.Buffer
	put(&out, magic, 4)
	out.WriteByte(0x2a)
	put(&out, int64(fixed+table.Len()+lengths.Len()+names.Len()), 4)
	put(&out, sizes[0]+sizes[1], 4)
	put(&out, int64(names.Len()), 2)
	put(&out, 0, 2) // class and revision
	put(&out, segment, 4)
	put(&out, descriptor, 4)
	out.Write(lengths.Bytes())
	put(&out, int64(len(w.program.Table)), 2)
	out.Write(table.Bytes())
	out.Write(names.Bytes())
	return out.Bytes()
}

// contents writes the commands for a section.
func (w *writer) contents(s *program.Section, number int) {
	data := object.Contents(s, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
	w.out.WriteByte(byte(section | number))
	at := int64(0)
	raw := func(end int64) {
		for at < end {
			n := min(end-at, maximum)
			w.out.WriteByte(byte(rawBytes | n&(maximum-1)))
			w.out.Write(data[at : at+n])
			at += n
		}
	}
	for _, f := range w.fields[s] {
		raw(f.at)
		if f.size != w.size {
			w.size = f.size
			w.out.WriteByte(map[int]byte{1: 1, 2: 2, 4: 3}[f.size])
		}
		flag := 0
		if f.relative {
			flag = relativeFlag
		}
		size, code := width(f.value)
		switch {
		case !f.symbol:
			w.out.WriteByte(byte(inSection | flag | f.number))
			size = max(f.size, 2)
			if f.size == 1 {
				size = 4
			}
		case f.number > 0xff:
			w.out.WriteByte(byte(symbolField | flag | wideIndex | code))
			put(&w.out, int64(f.number), 2)
		default:
			w.out.WriteByte(byte(symbolField | flag | code))
			w.out.WriteByte(byte(f.number))
		}
		put(&w.out, f.value, size)
		at += int64(f.size)
	}
	raw(int64(len(data)))
}

// refer notes the field for r in s. The value stands in the command, not in the
// contents.
func (w *writer) refer(s *program.Section, r *object.Reference) (int64, *diag.Message) {
	f := field{at: r.Offset, size: int(r.Size), value: r.Addend, relative: r.Relative}
	in := w.byID[r.Segment]
	index, known := w.symbols[r.Segment]
	switch {
	case r.Selector:
		return 0, diag.Errorf(r.Range, "as86 has no segments, so a symbol has no segment selector")
	case r.Value.Wrt != 0:
		return 0, diag.Errorf(r.Range, "as86 knows no WRT")
	case r.Size == 8, r.Relative && r.Size == 1:
		return 0, diag.Errorf(r.Range, "as86 has no relocation for a field of %d bits", int(r.Size)*8)
	case r.Segment == 0:
		return 0, diag.Errorf(r.Range, "as86 has no relocation for the distance to an absolute address")
	case in == w.text:
		f.number = textSection
	case in == w.data:
		f.number = dataSection
	case in != nil:
		f.number = dataSection
		f.value += w.data.Size
	case known:
		f.number, f.symbol = index, true
	default:
		return 0, diag.Errorf(r.Range, "this refers to something that is in no section of the object")
	}
	if r.Relative {
		f.value += int64(r.Size)
	}
	w.fields[s] = append(w.fields[s], f)
	return 0, nil
}
