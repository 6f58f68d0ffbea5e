package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"tasm/lang"
	"tasm/program"
)

// Placed is where a section of an executable has gone.
type Placed struct {
	Address uint64
	Offset  int64 // in the file
}

// Attach returns an executable with section headers, a symbol table and debug
// information behind it, for objdump, nm and debuggers; the loader reads none
// of them. Sections that are in no segment are left out.
func Attach(file []byte, p *program.Program, opts Options, placed map[lang.SegmentID]Placed) []byte {
	w := &writer{program: p, opts: opts, wide: opts.Format.Pointer == 8, implicit: opts.Format.Bits == 32,
		placed: placed, byID: map[lang.SegmentID]*section{}, symbols: map[lang.SegmentID]*symbol{}}
	for _, s := range p.Sections {
		if at, ok := placed[s.ID]; ok {
			out := &section{Section: s, index: len(w.sections) + 1, address: at.Address}
			w.sections = append(w.sections, out)
			w.byID[s.ID] = out
		}
	}
	w.table()
	w.debugSymbols = nil // nothing refers to them
	for _, list := range [][]*symbol{w.locals, w.globals} {
		for _, s := range list {
			if s.section > 0 {
				s.value += w.sections[s.section-1].address
			}
		}
	}
	return w.append(file)
}

// append writes the sections that are not in the file yet, and the headers of all.
func (w *writer) append(file []byte) []byte {
	headers := w.headers()
	var names strings
	names.add("")
	offsets := make([]uint32, len(headers))
	for i, h := range headers[1:] {
		offsets[i+1] = names.add(h.name)
	}
	index := 1 + len(w.sections) + len(w.debug)
	headers[index].data = names.Bytes()

	out := bytes.NewBuffer(bytes.Clone(file))
	var table bytes.Buffer
	for i, h := range headers {
		var offset int64
		var address uint64
		switch {
		case i == 0:
		case i <= len(w.sections):
			at := w.placed[w.sections[i-1].ID]
			offset, address = at.Offset, at.Address
		default:
			out.Write(make([]byte, -out.Len()&(fileAlign-1)))
			offset, h.size = int64(out.Len()), int64(len(h.data))
			out.Write(h.data)
		}
		w.placedHeader(&table, h, offsets[i], offset, address)
	}
	out.Write(make([]byte, -out.Len()&(fileAlign-1)))
	start := out.Len()
	out.Write(table.Bytes())
	data := out.Bytes()
	if w.wide {
		binary.LittleEndian.PutUint64(data[40:], uint64(start)) // e_shoff
	} else {
		binary.LittleEndian.PutUint32(data[32:], uint32(start))
	}
	// The last three halfwords of the header: e_shentsize, e_shnum, e_shstrndx.
	end := binary.Size(elf.Header32{})
	if w.wide {
		end = binary.Size(elf.Header64{})
	}
	for i, v := range []int{w.headerSize(), len(headers), index} {
		binary.LittleEndian.PutUint16(data[end-6+2*i:], uint16(v))
	}
	return data
}

// fill puts addresses where a linker would, as everything has its place.
func (s *debugSection) fill() {
	data := s.Bytes()
	for _, r := range s.relocations {
		value := uint64(r.addend)
		if i := r.symbol - 2; i >= 0 && i < len(s.w.sections) {
			value += s.w.sections[i].address
		}
		if r.kind == uint32(elf.R_X86_64_64) && s.w.wide {
			binary.LittleEndian.PutUint64(data[r.offset:], value)
		} else {
			binary.LittleEndian.PutUint32(data[r.offset:], uint32(value))
		}
	}
	s.relocations = nil
}
