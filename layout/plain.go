package layout

import (
	"slices"

	"tasm/diag"
	"tasm/lang"
	"tasm/layout/elf"
	"tasm/program"
)

// system is what an executable depends on besides the program.
type system struct {
	class   elf.Class
	machine uint64
	base    uint64 // address of the file's first byte: the psABI's customary one
	limit   uint64 // first address that no program can use on some kernel
}

var systems = map[string]system{
	"linux/386":   {elf.Class32, elf.Machine386, 0x08048000, 0xc0000000},
	"linux/amd64": {elf.Class64, elf.MachineX86_64, 0x400000, 0x7ffffffff000},
}

// Plain makes an ELF executable as the specification has it: an ELF header, a
// program header for every set of permissions that the sections ask for, and
// the sections as written, in order of appearance.
//
// What is optional is left out. There are no section headers: the gABI wants
// them in files to be linked, not in files to be run. There is no PT_GNU_STACK:
// it is an extension, costs a program header, and nothing that a program says
// asks for it. Without it Linux makes the stack executable in 32-bit programs
// (and in these every readable page), and no different in 64-bit ones.
func Plain(p *program.Program, opts Options) (*File, *diag.Bag) {
	pl := &plain{program: p, messages: &diag.Bag{}}
	sys, ok := systems[p.Target]
	if !ok {
		pl.messages.Add(diag.Errorf(diag.Range{}, "an ELF executable needs a target, linux/386 or linux/amd64").
			Notef("write 'target linux/386' at the top of the source, or make a flat binary"))
		return nil, pl.messages
	}
	pl.system = sys
	pl.checkCode()
	pl.collect()
	if pl.messages.Errors() > 0 || !pl.place() {
		return nil, pl.messages
	}
	return pl.write(opts)
}

type plain struct {
	program  *program.Program
	messages *diag.Bag
	system
	segments []*segment // with something in them, in order of address
	size     int64      // of the file
}

// segment is a run of memory with one set of permissions.
type segment struct {
	flags   uint64 // PF_*
	offset  int64
	address uint64
	filesz  int64
	memsz   int64
	parts   []placed
}

// placed is a section and where it went. A section without contents has no offset.
type placed struct {
	*program.Section
	offset  int64
	address uint64
	stored  bool // its bytes are in the file
}

// permissions are the kinds of segments, in order of address, and which
// sections go there. Constants share a segment with code, so that both need
// only one program header and no padding between them.
var permissions = []struct {
	flags uint64
	holds func(program.Flags) bool
}{
	{elf.FlagR | elf.FlagX, func(f program.Flags) bool { return f&program.Write == 0 }},
	{elf.FlagR | elf.FlagW, func(f program.Flags) bool { return f&program.Write != 0 && f&program.Exec == 0 }},
	{elf.FlagR | elf.FlagW | elf.FlagX, func(f program.Flags) bool { return f&program.Write != 0 && f&program.Exec != 0 }},
}

// checkCode refuses code that the processor will not read as it was meant. Code
// of the other width is possible: a far jump switches to it.
func (pl *plain) checkCode() {
	if at := pl.program.Code16; !at.IsZero() {
		pl.messages.Add(diag.Errorf(at, "16-bit code can't run in an ELF executable").
			Notef("write 'bits 32' or 'bits 64', or make a flat binary"))
	}
}

// collect sorts the sections into segments. Contents come before what has none,
// which can only stand at a segment's end.
func (pl *plain) collect() {
	content := false
	for _, s := range pl.program.Sections {
		content = content || s.Size > 0 && s.Flags&program.Alloc != 0 && s.Flags&program.NoBits == 0
		if s.Size > 0 && s.Flags&program.Alloc == 0 {
			pl.messages.Add(diag.Warningf("unloaded", s.Range, "section %s is not loaded into memory, so it is left out of the file", s.Name))
		}
	}
	if !content {
		pl.messages.Add(diag.Errorf(diag.Range{}, "the program is empty: there is no instruction to run"))
		return
	}
	for _, perm := range permissions {
		seg := &segment{flags: perm.flags}
		var last []placed
		for _, s := range pl.program.Sections {
			if s.Flags&program.Alloc == 0 || !perm.holds(s.Flags) {
				continue
			}
			// The end of a segment is zeroed by writing to it, so zeros in a
			// read-only segment have to come from the file.
			if s.Flags&program.NoBits != 0 && s.Flags&program.Write != 0 {
				last = append(last, placed{Section: s})
			} else {
				seg.parts = append(seg.parts, placed{Section: s, stored: true})
			}
		}
		seg.parts = append(seg.parts, last...)
		pl.segments = append(pl.segments, seg)
	}
}

// loads returns the segments that have a program header.
func (pl *plain) loads() []*segment {
	return slices.DeleteFunc(slices.Clone(pl.segments), func(s *segment) bool { return s.lead() == nil })
}

// headers returns how many bytes come before the first section.
func (pl *plain) headers() int64 {
	return int64(pl.class.Size(elf.FileHeader) + len(pl.loads())*pl.class.Size(elf.ProgramHeader))
}

// place gives every section its file offset and address. The first segment
// starts with the headers, at the file's beginning. The next goes on in the
// file where the one before ended, but in memory in the next page, at the same
// distance from the page's start: so the page at the seam is mapped twice, and
// the file needs no padding. An alignment of more than a page is one of the
// address alone: p_align stays the page size, because the addresses of an
// ET_EXEC file are final and the file's offsets need to agree with them only
// modulo p_align.
func (pl *plain) place() bool {
	offset, address := pl.headers(), pl.base
	headersPlaced := false
	for _, seg := range pl.segments {
		seg.offset, seg.address = 0, address
		if lead := seg.lead(); lead != nil && !headersPlaced {
			headersPlaced = true
			seg.filesz = offset
		} else if lead != nil {
			var ok bool
			if seg.address, ok = pl.alignAddress(address, max(lead.Align, elf.PageSize)); !ok {
				return pl.tooFar(lead)
			}
			// Where nothing comes from the file, no page of it is shared.
			if lead.stored {
				seg.offset, _ = alignUp(offset, min(lead.Align, elf.PageSize))
				seg.address += uint64(seg.offset % elf.PageSize)
			}
		}
		seg.memsz = seg.filesz
		for i := range seg.parts {
			part := &seg.parts[i]
			at, ok := pl.alignAddress(seg.address+uint64(seg.memsz), part.Align)
			if !ok || uint64(part.Size) > pl.limit-at {
				return pl.tooFar(part)
			}
			part.address, part.offset = at, seg.offset+int64(at-seg.address)
			if part.Size == 0 {
				continue
			}
			seg.memsz = int64(at-seg.address) + part.Size
			if part.stored {
				seg.filesz = seg.memsz
			}
		}
		if seg.filesz > 0 {
			offset = seg.offset + seg.filesz
		}
		address = seg.address + uint64(seg.memsz)
	}
	pl.size = offset
	return true
}

// lead returns the first section of the segment that is not empty, or nil.
func (s *segment) lead() *placed {
	for i := range s.parts {
		if s.parts[i].Size > 0 {
			return &s.parts[i]
		}
	}
	return nil
}

// alignAddress returns the first multiple of align from address on, if the
// program can use it.
func (pl *plain) alignAddress(address uint64, align int64) (uint64, bool) {
	n, ok := alignUp(int64(address), align)
	return uint64(n), ok && uint64(n) <= pl.limit
}

func (pl *plain) tooFar(p *placed) bool {
	pl.messages.Add(diag.Errorf(p.Range, "section %s does not fit into the address space of %s", p.Name, pl.program.Target).
		Notef("it has %s, aligned to %d, and must end below %#x", bytesOf(p.Size), p.Align, pl.limit))
	return false
}

// write makes the file.
func (pl *plain) write(opts Options) (*File, *diag.Bag) {
	w := &writer{file: &File{Class: pl.class}, messages: pl.messages,
		addresses: addresses{program: pl.program, segment: map[lang.SegmentID]uint64{}},
		judge:     func(f *program.Fixup, v uint64) *diag.Message { return fitLinked(f, v, pl.class.Bits()) },
	}
	for _, seg := range pl.segments {
		for _, part := range seg.parts {
			w.addresses.segment[part.ID] = part.address
			w.file.Sections = append(w.file.Sections, SectionAddress{part.Section, part.address})
		}
	}
	if !w.alloc(pl.size, opts) {
		return nil, pl.messages
	}
	w.file.Entry = pl.entry(&w.addresses)
	pl.writeHeaders(w)
	end := pl.headers()
	for _, seg := range pl.segments {
		for _, part := range seg.parts {
			switch {
			case part.Size == 0:
			case part.stored:
				w.pad(end, part.offset-end, part.address-uint64(part.offset-end), "aligns section "+part.Name)
				w.section(part.Section, part.offset, part.address)
				end = part.offset + part.Size
			default:
				w.nobits(part.Section)
			}
		}
	}
	if pl.messages.Errors() > 0 {
		return nil, pl.messages
	}
	w.file.Report = pl.report(opts)
	w.file.Report.Ask = elf.Asks(w.file.Bytes)
	return w.file, pl.messages
}

// report says what is known of the file.
func (pl *plain) report(opts Options) *Report {
	r := &Report{Layout: "plain", Loader: opts.Loader, Method: AsWritten,
		Placement: elf.Placement{Class: pl.class, Type: elf.TypeExec, Phoff: int64(pl.class.Size(elf.FileHeader)), Phnum: len(pl.loads()), Size: pl.size}}
	if r.Loader == "" {
		r.Loader = elf.Profiles[0].Name
	}
	return r
}

// writeHeaders writes the ELF header and, right behind it, a program header for
// each segment.
func (pl *plain) writeHeaders(w *writer) {
	loads := pl.loads()
	ehsize, phsize := pl.class.Size(elf.FileHeader), pl.class.Size(elf.ProgramHeader)
	w.header(0, 0, elf.FileHeader, &elf.Values{
		elf.EIMag:      elf.Magic,
		elf.EIClass:    uint64(pl.class),
		elf.EIData:     elf.DataLSB,
		elf.EIVersion:  elf.VersionCurrent,
		elf.EType:      elf.TypeExec,
		elf.EMachine:   pl.machine,
		elf.EVersion:   elf.VersionCurrent,
		elf.EEntry:     w.file.Entry,
		elf.EPhoff:     uint64(ehsize),
		elf.EEhsize:    uint64(ehsize),
		elf.EPhentsize: uint64(phsize),
		elf.EPhnum:     uint64(len(loads)),
	}, pl.base)
	for i, seg := range loads {
		at := ehsize + i*phsize
		w.header(at, i, elf.ProgramHeader, &elf.Values{
			elf.PType:   elf.SegmentLoad,
			elf.POffset: uint64(seg.offset),
			elf.PVaddr:  seg.address,
			elf.PPaddr:  seg.address,
			elf.PFilesz: uint64(seg.filesz),
			elf.PMemsz:  uint64(seg.memsz),
			elf.PFlags:  seg.flags,
			elf.PAlign:  elf.PageSize,
		}, pl.base+uint64(at))
	}
}

// entry finds the address of the first instruction: the symbol that the source
// names, else _start, else start, else the beginning of .text.
func (pl *plain) entry(a *addresses) uint64 {
	symbol := pl.program.Entry
	for _, name := range []string{"_start", "start"} {
		for _, s := range pl.program.Symbols {
			if symbol == nil && s.Name == name {
				symbol = s
			}
		}
	}
	if symbol == nil {
		return pl.defaultEntry()
	}
	address, m := a.value(&symbol.Value, symbol.Range)
	if m != nil {
		pl.messages.Add(m)
		return 0
	}
	for _, seg := range pl.segments {
		if address >= seg.address && address-seg.address < uint64(seg.memsz) {
			if seg.flags&elf.FlagX == 0 {
				pl.messages.Add(diag.Warningf("entry", symbol.Range, "the entry point '%s' is in a section that is not executable", symbol.Name).
					Notef("put the code into .text, or give the section the attribute exec"))
			}
			return address
		}
	}
	pl.messages.Add(diag.Errorf(symbol.Range, "the entry point '%s', %#x, is not in the program", symbol.Name, address))
	return 0
}

// firstSource returns the place of the first statement of a section; zero if there is none.
func firstSource(s *program.Section) diag.Range {
	for i := range s.Fragments {
		if source := s.Fragments[i].Source; source != nil {
			return source.Range
		}
	}
	return diag.Range{}
}

func (pl *plain) defaultEntry() uint64 {
	for _, name := range []string{".text", ""} {
		for _, seg := range pl.segments {
			for _, part := range seg.parts {
				if part.Size == 0 || !part.stored || name != "" && part.Name != name {
					continue
				}
				at := part.Range
				if at.IsZero() { // no statement opened the section
					at = firstSource(part.Section)
				}
				pl.messages.Add(diag.Warningf("entry", at,
					"there is no symbol '_start', so the program starts at the beginning of %s", part.Name).
					Notef("define '_start', or name the entry point with 'entry SYMBOL'"))
				return part.address
			}
		}
	}
	return 0
}
