package layout

import (
	"tasm/diag"
	"tasm/lang"
	"tasm/layout/elf"
	"tasm/program"
)

// packSections puts the sections of a program as they are behind headers of which
// bytes serve two purposes, in a single segment. It asks for no more than plain does:
// within a section nothing changes but addresses. nil where that does not work.
func packSections(p *program.Program, loader *elf.Loader, opts Options) *File {
	system, ok := systems[p.Target]
	if !ok {
		return nil
	}
	var best *File
	for _, pl := range elf.Placements(system.class, 0) {
		if pl.Type != elf.TypeExec {
			continue
		}
		s := &sections{plain: plain{program: p, messages: &diag.Bag{}, system: system}, loader: loader, opts: opts}
		s.collect()
		if f := s.behind(pl); f != nil && (best == nil || compareFiles(f, best) < 0) {
			best = f
		}
	}
	return best
}

// sections is such a file in the making.
type sections struct {
	plain
	loader *elf.Loader
	opts   Options
	needs  elf.Needs
}

// behind makes the file with the headers placed in one way.
func (s *sections) behind(pl elf.Placement) *File {
	tape, _ := elf.NewTape(pl, s.loader)
	if tape == nil {
		return nil
	}
	classes := tape.Classes()
	tail := classes.MinSize()
	for i, b := range classes.Bytes {
		if b.Kind() != elf.Free {
			tail = max(tail, int64(i+1))
		}
	}
	if !s.arrange(tail) {
		return nil
	}
	entry := s.write(pl, nil)
	if entry == nil {
		return nil
	}
	pl.Size = s.size
	needs := s.loader.For(s.needs)
	headers := elf.Cheapest(needs, pl.Class, func(l *elf.Loader) []byte { return elf.Headers(pl, l, int(entry.Entry), nil, nil) })
	if headers == nil {
		return nil
	}
	f := s.write(pl, headers)
	if f == nil || len(elf.Check(needs, f.Bytes)) > 0 {
		return nil
	}
	return f
}

// arrange gives the sections their places from an offset on, those without contents
// last, all in one segment.
func (s *sections) arrange(offset int64) bool {
	all := &segment{}
	var last []placed
	for _, seg := range s.segments {
		for _, part := range seg.parts {
			if part.stored {
				all.parts = append(all.parts, part)
			} else {
				last = append(last, part)
			}
		}
		for _, part := range seg.parts {
			s.needs.Write = s.needs.Write || part.Size > 0 && part.Flags&program.Write != 0
		}
	}
	all.parts = append(all.parts, last...)
	all.flags = elf.FlagR | elf.FlagW | elf.FlagX
	end := offset
	for i := range all.parts {
		part := &all.parts[i]
		if part.Align > elf.PageSize {
			return false
		}
		end, _ = alignUp(end, part.Align)
		part.offset = end
		end += part.Size
		if part.stored && part.Size > 0 {
			s.size = end
		}
	}
	s.segments = []*segment{all}
	all.memsz = end
	s.needs.Read, s.needs.Low = true, s.class == elf.Class64
	s.needs.Zeros, s.needs.Size = end-s.size, s.size
	return s.size <= elf.MostNeeded
}

// write makes the file with headers that are known; without any, as if it lay at
// address 0, to find out where the program begins.
func (s *sections) write(pl elf.Placement, headers []byte) *File {
	base := uint64(0)
	if headers != nil {
		base = elf.Base(pl, headers)
	}
	w := &writer{file: &File{Class: pl.Class}, messages: &diag.Bag{},
		addresses: addresses{program: s.program, segment: map[lang.SegmentID]uint64{}},
		judge:     func(f *program.Fixup, v uint64) *diag.Message { return fitLinked(f, v, pl.Class.Bits()) },
	}
	all := s.segments[0]
	all.address = base
	for i := range all.parts {
		part := &all.parts[i]
		part.address = base + uint64(part.offset)
		w.addresses.segment[part.ID] = part.address
		w.file.Sections = append(w.file.Sections, SectionAddress{part.Section, part.address})
	}
	if !w.alloc(s.size, s.opts) {
		return nil
	}
	s.messages = w.messages
	w.file.Entry = s.entry(&w.addresses)
	for i := range all.parts {
		if part := &all.parts[i]; part.stored && part.Size > 0 {
			w.section(part.Section, part.offset, part.address)
		}
	}
	if w.messages.Errors() > 0 {
		return nil
	}
	if headers == nil {
		return w.file
	}
	copy(w.file.Bytes, headers[:min(len(headers), int(all.parts[0].offset))])
	file := w.file
	file.Parts = append(headerParts(pl, int(all.parts[0].offset), base), file.Parts...)
	file.Report = &Report{Layout: "pack", Method: SectionsAsWritten, Placement: pl, Ask: elf.Asks(file.Bytes)}
	return file
}
