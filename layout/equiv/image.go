package equiv

import (
	"context"
	"errors"
	"fmt"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

const (
	page = elf.PageSize
	// maxSegments bounds the program headers of type PT_LOAD that are looked at.
	maxSegments = 64
)

// image is an executable as the kernel maps it.
type image struct {
	file     []byte
	class    elf.Class
	abi      *linux.ABI
	bits     int
	fixed    bool // its addresses are those in the file
	entry    uint64
	segments []mapping

	ctx context.Context // ends its runs early

	// decoded holds instructions as they stand in the file, by address; met
	// holds them in the order in which they were first met.
	decoded map[machine.Term]decoded
	met     []*x86.Decoded
}

// decoded is an instruction, and whether a program can write over it: then it
// is the right one only while that has not happened.
type decoded struct {
	in       *x86.Decoded
	writable bool
}

// mapping is a run of pages.
type mapping struct {
	low, high            uint64 // addresses as in the file
	offset               uint64 // of the first byte in the file
	end                  uint64 // of what comes from the file, as an offset there
	read, write, execute bool
}

// parse reads the headers as Linux does (fs/binfmt_elf.c load_elf_binary).
func parse(file []byte) (*image, error) {
	head := file[:min(len(file), 256)]
	class := elf.ClassOf(file)
	im := &image{ctx: context.Background(), decoded: map[machine.Term]decoded{}, file: file, class: class, abi: linux.I386, bits: class.Bits()}
	if class == elf.Class64 {
		im.abi = linux.X8664
	}
	get := func(id elf.FieldID) uint64 { return elf.Get(class, head, id) }
	if get(elf.EIMag) != elf.Magic {
		return nil, errors.New("is no ELF file")
	}
	size := uint64(class.Size(elf.ProgramHeader))
	table, count := get(elf.EPhoff), get(elf.EPhnum)
	if get(elf.EPhentsize) != size || count == 0 || table > uint64(len(file)) || count*size > uint64(len(file))-table {
		return nil, errors.New("has no program headers that could be read")
	}
	im.fixed = get(elf.EType) == elf.TypeExec
	im.entry = get(elf.EEntry)
	loads := 0
	for i := range count {
		header := file[table+i*size:][:size]
		if elf.Get(class, header, elf.PType) != elf.SegmentLoad {
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
func (im *image) load(header []byte) error {
	get := func(id elf.FieldID) uint64 { return elf.Get(im.class, header, id) }
	offset, address := get(elf.POffset), get(elf.PVaddr)
	inFile, inMemory, flags := get(elf.PFilesz), get(elf.PMemsz), get(elf.PFlags)
	limit := uint64(1) << min(im.bits, 47)
	switch {
	case inFile > inMemory, inMemory > limit, address > limit-inMemory, offset > 1<<62:
		return errors.New("has a segment that does not fit the address space")
	case inFile > 0 && (offset^address)%page != 0:
		return errors.New("has a segment whose address and file offset disagree")
	}
	m := mapping{read: flags&(elf.FlagR|elf.FlagW) != 0, write: flags&elf.FlagW != 0, execute: flags&elf.FlagX != 0}
	if im.bits == 32 {
		// Without PT_GNU_STACK (arch/x86/include/asm/elf.h elf_read_implies_exec).
		m.execute = m.execute || flags&elf.FlagR != 0
	}
	behind := address + inFile
	if inFile > 0 {
		part := m
		part.low, part.high = address&^(page-1), up(behind)
		part.offset = offset - (address - part.low)
		part.end = part.offset + (part.high - part.low)
		if part.write && inMemory > inFile {
			part.end = offset + inFile // the rest is zeroed
		}
		// Pages beyond the end of the file can't be touched.
		if part.offset < uint64(len(im.file)) {
			part.high = min(part.high, part.low+up(uint64(len(im.file))-part.offset))
			im.segments = append(im.segments, part)
		}
	}
	if low, high := up(behind), up(address+inMemory); high > low {
		if inFile == 0 {
			low = address &^ (page - 1)
		}
		im.segments = append(im.segments, mapping{low: low, high: high, read: true, write: true, execute: m.execute})
	}
	return nil
}

func up(n uint64) uint64 { return (n + page - 1) &^ (page - 1) }

// name describes the mapping for people.
func (m *mapping) name() string { return fmt.Sprintf("the segment at %#x", m.low) }

// start puts the image into the memory of a process that is about to begin, and
// the instruction pointer to its entry. To addresses in the file bias is added,
// unless they are fixed.
func (im *image) start(s *machine.State, bias machine.Term) {
	if im.fixed {
		bias = machine.Number(im.bits, 0)
	}
	base, extra := bias.Split()
	if bias.IsNumber() {
		n, _ := bias.Constant()
		extra = int64(n)
	}
	for i := range im.segments {
		m := &im.segments[i]
		s.Memory.Map(&machine.Segment{
			Name: m.name(), Base: base, Low: int64(m.low) + extra, High: int64(m.high) + extra,
			Read: m.read, Write: m.write, Execute: m.execute,
			Initial: func(at int64) machine.Byte {
				offset := m.offset + uint64(at-extra) - m.low
				if offset < m.end && offset < uint64(len(im.file)) {
					return machine.Const(im.file[offset])
				}
				return machine.Const(0)
			},
		})
	}
	s.IP = s.Terms.Add(bias, machine.Number(im.bits, im.entry))
}
