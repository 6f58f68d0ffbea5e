// Package aout writes relocatable objects in the format a.out of Linux and of the
// BSDs (a.out(5) of FreeBSD). Order and padding are nasm's, so that the files are
// the same byte for byte.
package aout

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Types of symbols, and what the field behind the type says of one (a.out(5),
// n_type and n_other).
const (
	external   = 0x01
	absolute   = 0x02
	text       = 0x04
	data       = 0x06
	zeros      = 0x08
	size       = 0x0d // of the symbol in front
	isData     = 0x01
	isFunction = 0x02
)

// Flags of a relocation, in the highest byte of its second word, below which the
// number of the symbol stands, or the type of a section.
const (
	relative    = 0x01
	lengthShift = 1
	bySymbol    = 0x08
	baseOffset  = 0x10 // from the global offset table, or a place in it
	jumpTable   = 0x20
)

// Magic numbers: OMAGIC, with the machine's number; that of BSD is big-endian.
const (
	magicLinux = 0x00640107
	magicBSD   = 0x00860107
	position   = 0x40 // position-independent code, in the magic number of BSD
)

type writer struct {
	program  *program.Program
	format   *object.Format
	messages *diag.Bag
	sections [3]*section // text, data, bss
	byID     map[lang.SegmentID]*section
	symbols  []symbol
	indexes  map[lang.SegmentID]int // of external symbols
	strings  bytes.Buffer
	pic      bool
}

type section struct {
	*program.Section // nil where the source does not open it
	kind             uint8
	data             []byte
	size             int64 // padded
	base             int64
	relocations      []relocation
	globals          []int // indexes of its global symbols
	local            int   // index of its first other symbol, or -1
}

type symbol struct {
	Name, Value uint32
	section     *section
	kind, other uint8
}

type relocation struct {
	offset int64
	info   uint32
	size   int
	target *section // whose address the field needs too
}

// Write makes the file. It is nil when the messages hold an error.
func Write(p *program.Program, f *object.Format) ([]byte, *diag.Bag) {
	w := &writer{program: p, format: f, messages: &diag.Bag{}, byID: map[lang.SegmentID]*section{}, indexes: map[lang.SegmentID]int{}}
	w.collect()
	for _, s := range w.sections {
		if s.Section != nil {
			s.data = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
			s.size = (s.Size + 3) &^ 3
		}
	}
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	return w.file(), w.messages
}

// collect makes the table of symbols.
func (w *writer) collect() {
	for i, kind := range []uint8{text, data, zeros} {
		w.sections[i] = &section{kind: kind, local: -1}
	}
	for _, s := range w.program.Sections {
		out := w.sections[map[string]int{".text": 0, ".data": 1, ".bss": 2}[s.Name]]
		out.Section = s
		w.byID[s.ID] = out
	}
	for _, s := range w.program.Table {
		w.symbol(s)
	}
}

func (w *writer) symbol(s *program.Symbol) {
	id, placed := s.Value.Segment()
	index := len(w.symbols)
	out := symbol{Name: uint32(4 + w.strings.Len()), Value: uint32(s.Value.N), section: w.byID[id], kind: absolute}
	w.strings.WriteString(s.Name)
	w.strings.WriteByte(0)
	switch in := out.section; {
	case in != nil:
		out.kind = in.kind
		if s.Global {
			in.globals = append(in.globals, index)
		} else if in.local < 0 {
			in.local = index
		}
	case placed:
		out.kind, out.Value = external, 0
		if s.Common {
			out.Value = uint32(s.Size)
		}
		w.indexes[id] = index
	}
	if s.Global {
		out.kind |= external
	}
	switch s.Type {
	case program.Function:
		out.other = isFunction
	case program.Object:
		out.other = isData
	}
	w.symbols = append(w.symbols, out)
	if s.Size != 0 && !s.Common {
		w.symbols = append(w.symbols, symbol{Name: out.Name, Value: uint32(s.Size), kind: size})
	}
}

// refer adds the relocation for r, a field of s, and returns what stands in the
// field.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	special := w.program.Specials[r.Value.Wrt]
	in := w.byID[r.Segment]
	index, known := w.indexes[r.Segment]
	value := r.Addend
	flags := uint32(bits.TrailingZeros(uint(min(r.Size, 4)))) << lengthShift
	switch {
	case r.Selector:
		return 0, diag.Errorf(r.Range, "a.out has no segments, so a symbol has no segment selector")
	case r.Value.Wrt != 0 && special == "":
		return 0, diag.Errorf(r.Range, "%s has no relocation for this use of WRT", w.format.Name)
	case r.Size == 8, r.Relative && r.Size == 1:
		return 0, diag.Errorf(r.Range, "a.out has no relocation for a field of %d bits", int(r.Size)*8)
	case r.Segment == 0:
		index = absolute
	case in != nil:
		index = int(in.kind)
	case known:
		flags |= bySymbol
	default:
		return 0, diag.Errorf(r.Range, "this refers to something that is in no section of the object")
	}
	out := relocation{offset: r.Offset, size: int(r.Size), target: in}
	if r.Relative {
		flags |= relative
		value -= r.Offset
	}
	var m *diag.Message
	w.pic = w.pic || special != "" && special != "..sym"
	switch {
	case special == "":
	case special == "..plt" && r.Relative:
		flags |= jumpTable
		if in != nil {
			index, m = w.global(in, r, true)
			value -= r.Value.N
		}
	case r.Relative, special == "..plt":
		m = diag.Errorf(r.Range, "%s has no relocation for this use of WRT", w.format.Name)
	case special == "..gotpc":
		flags |= relative
	case special == "..gotoff":
		flags |= baseOffset
		if in == nil || in.local < 0 {
			m = diag.Errorf(r.Range, "..gotoff needs a label in that section that is not global")
			break
		}
		index = in.local
		value -= int64(w.symbols[index].Value)
	case in != nil && len(in.globals) > 0:
		exact := special == "..got"
		index, m = w.global(in, r, exact)
		if m == nil {
			value -= int64(w.symbols[index].Value)
			flags |= bySymbol
		}
	case special == "..got" && r.Value.N != 0:
		m = diag.Errorf(r.Range, "there is no global symbol here for the linker to refer to").Notef("declare it GLOBAL")
	}
	if m != nil {
		return 0, m
	}
	if special == "..got" {
		flags |= baseOffset
	}
	if flags&bySymbol != 0 || special == "..gotoff" {
		out.target = nil
	}
	out.info = uint32(index) | flags<<24
	s.relocations = append(s.relocations, out)
	return value, nil
}

// global finds the global symbol at the place that r refers to, or, unless it must
// be that place exactly, the nearest before it.
func (w *writer) global(in *section, r *object.Reference, exact bool) (int, *diag.Message) {
	best := -1
	for _, i := range in.globals {
		at := int64(w.symbols[i].Value)
		if at == r.Value.N || !exact && at < r.Value.N {
			if best < 0 || at >= int64(w.symbols[best].Value) {
				best = i
			}
		}
	}
	if best < 0 {
		return 0, diag.Errorf(r.Range, "there is no global symbol here for the linker to refer to").Notef("declare it GLOBAL")
	}
	return best, nil
}

// file puts everything together.
func (w *writer) file() []byte {
	w.sections[1].base = w.sections[0].size
	w.sections[2].base = w.sections[0].size + w.sections[1].size
	var out bytes.Buffer
	put := func(v any) { binary.Write(&out, binary.LittleEndian, v) } // a Buffer takes everything
	sizes := func(s *section) uint32 { return uint32(8 * len(s.relocations)) }
	if w.format == object.AOut {
		put(uint32(magicLinux))
	} else {
		magic := uint32(magicBSD)
		if w.pic {
			magic |= position << 24
		}
		binary.Write(&out, binary.BigEndian, magic)
	}
	for _, s := range w.sections {
		put(uint32(s.size))
	}
	const symbolSize = 12
	put(uint32(symbolSize * len(w.symbols)))
	put(uint32(0)) // entry
	put(sizes(w.sections[0]))
	put(sizes(w.sections[1]))
	for _, s := range w.sections[:2] {
		for _, r := range s.relocations {
			if r.target != nil && r.target.base != 0 {
				field := s.data[r.offset : r.offset+int64(r.size)]
				var word [8]byte
				copy(word[:], field)
				binary.LittleEndian.PutUint64(word[:], binary.LittleEndian.Uint64(word[:])+uint64(r.target.base))
				copy(field, word[:])
			}
		}
		out.Write(s.data)
		out.Write(bytes.Repeat([]byte{0x90}, int(s.size)-len(s.data)))
	}
	for _, s := range w.sections[:2] {
		for _, r := range s.relocations {
			put(uint32(r.offset))
			put(r.info)
		}
	}
	for _, s := range w.symbols {
		value := s.Value
		if s.section != nil {
			value += uint32(s.section.base)
		}
		put(s.Name)
		put([]uint8{s.kind, s.other, 0, 0})
		put(value)
	}
	put(uint32(4 + w.strings.Len()))
	out.Write(w.strings.Bytes())
	return out.Bytes()
}
