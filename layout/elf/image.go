package elf

import (
	"errors"
	"fmt"
)

// Image is an executable as Linux maps it.
type Image struct {
	File  []byte
	Class Class
	// Fixed tells that the addresses are those in the file (ET_EXEC). To those of
	// any other file the kernel adds a multiple of the page size.
	Fixed bool
	Entry uint64
	// Interpreter tells that the file asks for a dynamic linker (PT_INTERP).
	Interpreter bool
	Segments    []Mapping // a later one hides what it overlaps of earlier ones
	// Occupied are the addresses that the kernel maps: those of the Segments, and
	// pages beyond the end of the file, which nothing can touch.
	Occupied []Span

	committed uint64 // bytes of whole pages
	charge    uint64 // as the rules of loaders count it
}

// Span is a run of addresses as in the file; High is behind the last one.
type Span struct{ Low, High uint64 }

// Mapping is a run of pages with the same permissions.
type Mapping struct {
	Low, High uint64 // addresses as in the file; High is behind the last byte
	// Offset is where in the file the byte at Low comes from. What would come from
	// End or beyond, or from beyond the file, is 0.
	Offset, End          uint64
	Read, Write, Execute bool
}

// Byte returns what the mapping holds at an address when the program starts.
func (m *Mapping) Byte(file []byte, address uint64) byte {
	if offset := m.Offset + address - m.Low; offset < m.End && offset < uint64(len(file)) {
		return file[offset]
	}
	return 0
}

// Within reports whether every page that the image occupies is one that other
// occupies too. Both have addresses of their own.
func (im *Image) Within(other *Image) bool {
	if !im.Fixed || !other.Fixed {
		return false
	}
	for _, s := range im.Occupied {
		for at := s.Low; at < s.High; {
			around := other.around(at)
			if around == nil {
				return false
			}
			at = around.High
		}
	}
	return true
}

// around returns what is occupied around an address, nil if it is free.
func (im *Image) around(address uint64) *Span {
	for i := range im.Occupied {
		if s := &im.Occupied[i]; address >= s.Low && address < s.High {
			return s
		}
	}
	return nil
}

// Meets reports whether the image occupies any address from low to high, high
// excluded.
func (im *Image) Meets(low, high uint64) bool {
	for _, s := range im.Occupied {
		if s.Low < high && low < s.High {
			return true
		}
	}
	return false
}

// Lowest returns the run of addresses that begins with the lowest one that the
// image occupies.
func (im *Image) Lowest() Span {
	run := Span{Low: ^uint64(0)}
	for _, s := range im.Occupied {
		run.Low = min(run.Low, s.Low)
	}
	run.High = run.Low
	for s := im.around(run.High); s != nil; s = im.around(run.High) {
		run.High = s.High
	}
	return run
}

// Size returns how many bytes of the address space the image occupies, and how many
// of them the kernel commits: those that may be written, or that no file is behind.
func (im *Image) Size() (occupied, committed uint64) {
	for _, s := range im.Occupied {
		occupied += s.High - s.Low
	}
	return occupied, im.committed
}

// Map reads the headers as Linux does (fs/binfmt_elf.c load_elf_binary). The file
// is not held against the rules of any loader: see Check.
func Map(file []byte) (*Image, error) {
	head := file[:min(len(file), 256)]
	class := ClassOf(file)
	im := &Image{File: file, Class: class}
	get := func(id FieldID) uint64 { return Get(class, head, id) }
	if get(EIMag) != Magic {
		return nil, errors.New("is no ELF file")
	}
	size := uint64(class.Size(ProgramHeader))
	table, count := get(EPhoff), get(EPhnum)
	if get(EPhentsize) != size || count == 0 || table > uint64(len(file)) || count*size > uint64(len(file))-table {
		return nil, errors.New("has no program headers that could be read")
	}
	im.Fixed = get(EType) == TypeExec
	im.Entry = get(EEntry)
	loads := 0
	for i := range count {
		header := file[table+i*size:][:size]
		kind := Get(class, header, PType)
		im.Interpreter = im.Interpreter || kind == SegmentInterp
		if kind != SegmentLoad {
			continue
		}
		if loads++; loads > maxSegments {
			return nil, fmt.Errorf("has more than %d segments", maxSegments)
		}
		if err := im.load(header); err != nil {
			return nil, err
		}
	}
	if loads == 0 {
		return nil, errors.New("has no segment to load")
	}
	return im, nil
}

// load maps a segment (fs/binfmt_elf.c elf_load).
func (im *Image) load(header []byte) error {
	get := func(id FieldID) uint64 { return Get(im.Class, header, id) }
	offset, address := get(POffset), get(PVaddr)
	inFile, inMemory, flags := get(PFilesz), get(PMemsz), get(PFlags)
	limit := uint64(1) << min(im.Class.Bits(), 47)
	switch {
	case inFile > inMemory, inMemory > limit, address > limit-inMemory, offset > 1<<62:
		return errors.New("has a segment that does not fit the address space")
	case inFile > 0 && (offset^address)%PageSize != 0:
		return errors.New("has a segment whose address and file offset disagree")
	}
	m := Mapping{Read: flags&(FlagR|FlagW) != 0, Write: flags&FlagW != 0, Execute: flags&FlagX != 0}
	if im.Class == Class32 {
		// Without PT_GNU_STACK (arch/x86/include/asm/elf.h elf_read_implies_exec).
		m.Execute = m.Execute || flags&FlagR != 0
	}
	if all := (Span{address &^ (PageSize - 1), pageUp(address + inMemory)}); all.High > all.Low {
		im.Occupied = append(im.Occupied, all)
	}
	if im.charge += inMemory - inFile; m.Write {
		im.charge += inFile
	}
	behind := address + inFile
	// mm/mmap.c accountable_mapping.
	fromFile := pageUp(behind) - address&^(PageSize-1)
	if inFile == 0 {
		fromFile = 0
	}
	if im.committed += pageUp(address+inMemory) - address&^(PageSize-1) - fromFile; m.Write {
		im.committed += fromFile
	}
	if inFile > 0 {
		part := m
		part.Low, part.High = address&^(PageSize-1), pageUp(behind)
		part.Offset = offset - (address - part.Low)
		part.End = part.Offset + (part.High - part.Low)
		if part.Write && inMemory > inFile {
			part.End = offset + inFile // the rest is zeroed
		}
		// Pages beyond the end of the file can't be touched.
		if part.Offset < uint64(len(im.File)) {
			part.High = min(part.High, part.Low+pageUp(uint64(len(im.File))-part.Offset))
			im.Segments = append(im.Segments, part)
		}
	}
	if low, high := pageUp(behind), pageUp(address+inMemory); high > low {
		if inFile == 0 {
			low = address &^ (PageSize - 1)
		}
		im.Segments = append(im.Segments, Mapping{Low: low, High: high, Read: true, Write: true, Execute: m.Execute})
	}
	return nil
}

func pageUp(n uint64) uint64 { return (n + PageSize - 1) &^ (PageSize - 1) }
