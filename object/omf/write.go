// Package omf writes relocatable objects in the Object Module Format (TIS,
// "Relocatable Object Module Format", version 1.1). Order and unused fields are
// nasm's, so that the files are the same byte for byte.
package omf

import (
	"bytes"
	"strings"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/lang"
	"tasm/object"
	"tasm/program"
)

// Types of records.
const (
	moduleHeader   = 0x80
	comment        = 0x88
	moduleEnd      = 0x8a
	externals      = 0x8c
	publics        = 0x90
	names          = 0x96
	segments       = 0x98
	groups         = 0x9a
	fixups         = 0x9c
	contents       = 0xa0
	commons        = 0xb0
	wideRecord     = 0x01
	maxName        = 255
	classExtension = 0xa0 // of comments: IMPDEF and EXPDEF
	classLinkPass  = 0xa2
	noPurge        = 0x80
	noList         = 0x40
)

// What a fixup's field is, with the bit that says that it is no subrecord of
// another kind, and the bit that is set unless the field is relative to itself.
const (
	fieldOffset16 = 0x8400
	fieldSelector = 0x8800
	fieldOffset32 = 0xa400
	fieldAbsolute = 0x4000
)

// How a fixup names its target, and the frame that it is relative to.
const (
	targetSegment  = 4
	targetGroup    = 5
	targetExternal = 6
	frameSegment   = 0x00
	frameGroup     = 0x10
	frameExternal  = 0x20
	frameTarget    = 0x50
)

type writer struct {
	program  *program.Program
	messages *diag.Bag
	sections []*section
	places   map[lang.SegmentID]place
	externs  []*program.Symbol
	debug    *object.Debug
	out      bytes.Buffer
	stream
}

// place is what a segment number stands for: a segment, a group or an external
// symbol, each counted from 1 among its kind.
type place struct {
	target, frame byte
	index         int
	base          bool // the selector of the segment itself, whatever its group
	section       *program.Section
	symbol        *program.Symbol
}

type section struct {
	*program.Section
	index  int
	fields []field
}

// field is a fixup: where it is, and the subrecord without its place.
type field struct {
	at       int64
	size     int
	location int
	rest     []byte
}

// Write makes the file of a program that was assembled from source; producer is
// who did it. Debug information is Borland's, unless debug is nil. It is nil when the
// messages hold an error.
func Write(p *program.Program, source, producer string, debug *object.Debug) ([]byte, *diag.Bag) {
	w := &writer{program: p, debug: debug, messages: &diag.Bag{}, places: map[lang.SegmentID]place{}}
	w.stream.out = &w.out
	w.collect()
	data := make([][]byte, len(w.sections))
	for i, s := range w.sections {
		data[i] = object.Contents(s.Section, func(r *object.Reference) (int64, *diag.Message) { return w.refer(s, r) }, w.messages)
	}
	if w.messages.Errors() > 0 {
		return nil, w.messages
	}
	w.begin(moduleHeader, nil)
	w.name(source)
	w.begin(comment, nil)
	w.bytes(0, 0)
	w.name(producer)
	w.libraries()
	if debug != nil {
		w.comment(classTranslator)
	}
	w.definitions()
	w.publics()
	w.externals()
	if p.Start() == nil || debug != nil {
		w.begin(comment, nil)
		w.bytes(noList, classLinkPass, 1)
	}
	if debug != nil {
		w.borland()
	}
	for i, s := range w.sections {
		w.contents(s, data[i])
	}
	w.end()
	w.flush()
	return w.out.Bytes(), w.messages
}

// collect numbers segments, groups and external symbols.
func (w *writer) collect() {
	for i, s := range w.program.Sections {
		w.sections = append(w.sections, &section{Section: s, index: i + 1})
		at := place{target: targetSegment, frame: frameSegment, index: i + 1, section: s}
		w.places[s.ID] = at
		at.base = true
		w.places[s.Segment.Base] = at
	}
	for i, g := range w.program.Segmented.Groups {
		w.places[g.ID] = place{target: targetGroup, frame: frameGroup, index: i + 1, base: true}
	}
	for _, s := range w.program.Table {
		if s.Extern || s.Common {
			w.externs = append(w.externs, s)
			id, _ := s.Value.Segment()
			w.places[id] = place{target: targetExternal, frame: frameExternal, index: len(w.externs), symbol: s}
		}
	}
}

// name appends a name with its length in front, of which there are 8 bits.
func (w *writer) name(text string) {
	if len(text) > maxName {
		w.messages.Add(diag.Warningf("other", diag.Range{}, "OMF keeps only the first %d bytes of the name '%.64s...'", maxName, text))
		text = text[:maxName]
	}
	if w.program.Segmented.Uppercase {
		text = strings.ToUpper(text)
	}
	w.bytes(append([]byte{byte(len(text))}, text...)...)
}

// libraries writes what is imported and exported.
func (w *writer) libraries() {
	for _, in := range w.program.Segmented.Imports {
		w.begin(comment, nil)
		w.bytes(noPurge|noList, classExtension, 1)
		if in.ByName {
			w.bytes(0)
		} else {
			w.bytes(1)
		}
		w.name(in.Symbol)
		w.name(in.Library)
		if in.ByName {
			w.name(in.Name)
		} else {
			w.word(int(in.Ordinal))
		}
	}
	for _, out := range w.program.Segmented.Exports {
		w.begin(comment, nil)
		w.bytes(noPurge|noList, classExtension, 2)
		flags := out.Parameters
		for bit, set := range map[byte]bool{0x80: out.HasOrdinal, 0x40: out.Resident, 0x20: out.NoData} {
			if set {
				flags |= bit
			}
		}
		w.bytes(flags)
		w.name(out.Name)
		w.name(out.Internal)
		if out.HasOrdinal {
			w.word(int(out.Ordinal))
		}
	}
}

// alignments are the codes of alignments in SEGDEF.
var alignments = map[int64]byte{1: 0x20, 2: 0x40, 4: 0xa0, 16: 0x60, 256: 0x80, 4096: 0xc0}

// definitions writes the names and what segments and groups they are of.
func (w *writer) definitions() {
	w.begin(names, nil)
	w.bytes(0) // name 1 is empty
	for _, s := range w.sections {
		for i, name := range []string{s.Name, s.Segment.Class, s.Segment.Overlay} {
			if i == 0 || name != "" {
				w.name(name)
			}
		}
		w.commit()
	}
	for _, g := range w.program.Segmented.Groups {
		w.name(g.Name)
		w.commit()
	}
	w.emit() // without the empty name, if there is no other
	last := 1
	number := func(name string) int {
		if name == "" {
			return 1
		}
		last++
		return last
	}
	for _, s := range w.sections {
		w.begin(segments, nil)
		g := s.Segment
		length, code := s.Size, byte(g.Combine)<<2
		switch {
		case g.Wide:
			code |= 0x01
		case length == 0x10000:
			length, code = 0, code|0x02
		}
		if !g.Placed {
			code |= alignments[s.Align]
		}
		w.bytes(code)
		if g.Placed {
			w.offset(g.Absolute)
			w.bytes(0)
		}
		w.offset(length)
		w.index(number(s.Name))
		w.index(number(g.Class))
		w.index(number(g.Overlay))
	}
	for _, g := range w.program.Segmented.Groups {
		w.begin(groups, nil)
		w.index(number(g.Name))
		for _, id := range g.Segments {
			w.bytes(0xff)
			w.index(w.places[id].index)
		}
	}
}

// groupIndex is the number of the group of s, or 0.
func (w *writer) groupIndex(s *program.Section) int {
	if g := s.Segment.Group; g != nil {
		return w.places[g.ID].index
	}
	return 0
}

// publics writes the global symbols: those of each segment, then the numbers.
func (w *writer) publics() {
	write := func(s *program.Symbol) {
		w.name(s.Name)
		w.offset(s.Value.N)
		w.bytes(0) // of no type
		w.commit()
	}
	for _, in := range w.sections {
		w.begin(publics, func() {
			w.index(w.groupIndex(in.Section))
			w.index(in.index)
		})
		for _, s := range w.program.Table {
			if id, placed := s.Value.Segment(); placed && id == in.ID && s.Global {
				write(s)
			}
		}
	}
	w.begin(publics, func() { w.bytes(0, 0, 0, 0) })
	for _, s := range w.program.Table {
		if s.Value.IsNumber() && s.Global && !s.Common {
			write(s)
		}
	}
}

// externals writes external symbols and common variables, in one order.
func (w *writer) externals() {
	for _, s := range w.externs {
		kind := byte(externals)
		if s.Common {
			kind = commons
		}
		if w.kind != kind {
			w.begin(kind, nil)
		}
		w.name(s.Name)
		w.index(0) // of no type
		switch {
		case s.Common && s.Far > 0:
			w.bytes(0x61)
			w.number(s.Size / s.Far)
			w.number(s.Far)
		case s.Common:
			w.bytes(0x62)
			w.number(s.Size)
		}
		w.commit()
	}
}

// contents writes the data of s, each record followed by its fixups. What is
// reserved is left out, which ends a record.
func (w *writer) contents(s *section, data []byte) {
	at, start := int64(0), int64(0) // the place at hand; where the record begins
	var waiting []field
	head := func() {
		w.index(s.index)
		w.offset(at)
		start = at
	}
	end := func() {
		w.begin(fixups, nil)
		if s.Segment.Wide {
			w.kind |= wideRecord
		}
		for _, f := range waiting {
			w.fixup(f, int(f.at-start))
		}
		waiting = nil
		w.begin(contents, head)
	}
	w.begin(contents, head)
	fields := s.fields
	for i := range s.Fragments {
		f := &s.Fragments[i]
		stop := f.Offset + f.Size*f.Repeat
		if f.Kind == program.Space {
			if at < stop && len(w.data) > 0 {
				end()
			}
			at = stop
			continue
		}
		for at < stop {
			n := stop - at
			if len(fields) > 0 && fields[0].at < stop {
				n = fields[0].at - at
			}
			for n > 0 {
				if len(w.data) == maxContents {
					end()
				}
				w.room(1)
				k := min(n, int64(maxContents-len(w.data)))
				w.data = append(w.data, data[at:at+k]...)
				at, n = at+k, n-k
			}
			if len(fields) > 0 && fields[0].at == at {
				field := fields[0]
				fields = fields[1:]
				if len(w.data)+field.size > maxContents {
					end()
				}
				w.bytes(data[at : at+int64(field.size)]...)
				at += int64(field.size)
				waiting = append(waiting, field)
			}
		}
	}
	end()
}

// fixup writes the subrecord of a field, offset bytes into the record before.
func (w *writer) fixup(f field, offset int) {
	if f.location&fieldAbsolute == 0 {
		w.setWidth(f.size * 8)
	}
	location := f.location | offset
	w.bytes(append([]byte{byte(location >> 8), byte(location)}, f.rest...)...)
	w.commit()
}

// end writes the record that ends the file and says where the program begins.
func (w *writer) end() {
	kind := byte(moduleEnd)
	for _, s := range w.sections {
		if s.Segment.Wide {
			kind = moduleEnd | wideRecord
		}
	}
	start := w.program.Start()
	if start == nil {
		w.begin(kind, nil)
		w.bytes(0)
		return
	}
	id, _ := start.Value.Segment()
	at := w.places[id]
	kind = moduleEnd
	if at.section.Segment.Wide {
		kind |= wideRecord
	}
	w.begin(kind, nil)
	w.bytes(0xc1)
	if group := w.groupIndex(at.section); group != 0 {
		w.bytes(frameGroup)
		w.index(group)
	} else {
		w.bytes(frameSegment)
		w.index(at.index)
	}
	w.index(at.index)
	w.offset(start.Value.N)
}

// refer adds the fixup for r, a field of s, and returns what stands in the field.
func (w *writer) refer(s *section, r *object.Reference) (int64, *diag.Message) {
	target, known := w.places[r.Segment]
	f := field{at: r.Offset, size: int(r.Size)}
	value := r.Addend
	switch {
	case r.Segment == 0:
		return 0, diag.Errorf(r.Range, "OMF has no relocation for the distance to an absolute address")
	case !known:
		return 0, diag.Errorf(r.Range, "this refers to something that is in no segment of the object")
	case r.Size < 2 || r.Size == 8 && r.Relative:
		return 0, diag.Errorf(r.Range, "OMF has no relocation for a field of %d bits", int(r.Size)*8).
			Notef("offsets have 16 or 32 bits, selectors 16")
	case r.Selector:
		if r.Kind == x86.Selector {
			value = 0 // of the symbol's offset nothing is left
		}
		if target = w.selected(target); target.section != nil && target.section.Segment.Placed {
			return 0, diag.Errorf(r.Range, "OMF has no relocation for the selector of a segment that has its place").
				Notef("write its number: %d", target.section.Segment.Absolute)
		}
		f.location, f.size = fieldSelector, 2
	case r.Size == 2:
		f.location = fieldOffset16
	default:
		f.location, f.size = fieldOffset32, 4
	}
	if r.Relative {
		value += int64(r.Size)
	} else {
		f.location |= fieldAbsolute
	}
	frame, m := w.frame(r, target)
	if m != nil {
		return 0, m
	}
	sub := stream{out: &w.out}
	if frame.index == 0 {
		sub.bytes(frameTarget | target.target)
	} else {
		sub.bytes(frame.frame | target.target)
		sub.index(frame.index)
	}
	sub.index(target.index)
	f.rest = sub.data
	s.fields = append(s.fields, f)
	return value, nil
}

// selected returns what the selector of something is that of: the group of its
// segment, the frame of an external symbol, or itself.
func (w *writer) selected(at place) place {
	switch {
	case at.base:
	case at.section != nil && at.section.Segment.Group != nil && !at.section.Segment.Placed:
		return w.places[at.section.Segment.Group.ID]
	case at.symbol != nil && at.symbol.Frame != 0:
		return w.places[at.symbol.Frame]
	}
	return at
}

// frame returns what a field is relative to: what WRT names, else the group of
// the target's segment or the frame of an external symbol; the zero place for the
// target itself.
func (w *writer) frame(r *object.Reference, target place) (place, *diag.Message) {
	switch {
	case r.Value.Wrt != 0:
		frame, known := w.places[r.Value.Wrt]
		if frame = w.selected(frame); !known {
			return place{}, diag.Errorf(r.Range, "WRT needs a segment or group here")
		}
		return frame, nil
	case r.Selector, target.base:
		return place{}, nil
	}
	if frame := w.selected(target); frame != target {
		return frame, nil
	}
	return place{}, nil
}
