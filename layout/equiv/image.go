package equiv

import (
	"context"
	"fmt"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/linux"
	"tasm/machine"
)

const page = elf.PageSize

// image is an executable as the kernel maps it.
type image struct {
	*elf.Image
	abi  *linux.ABI
	bits int

	ctx context.Context // ends its runs early

	// objects, if not nil, are the addresses that the program may read and write, in
	// order: each object for itself.
	objects []Range

	// vector is the image of which generated runs get the auxiliary values; nil for this one.
	vector *image

	// shown says what the program was seen to do that depends on where its file lies
	// in memory, "" if nothing, and by which instruction.
	shown   string
	shownAt uint64

	// decoded holds instructions as they stand in the file, by address; met
	// holds them in the order in which they were first met.
	decoded map[machine.Term]decoded
	met     []*x86.Decoded

	// heads is what loops answered when so many instructions were decoded.
	heads struct {
		decoded int
		list    []int64
	}
}

// decoded is an instruction, and whether a program can write over it: then it
// is the right one only while that has not happened.
type decoded struct {
	in       *x86.Decoded
	writable bool
}

// parse reads the headers of a file.
func parse(file []byte) (*image, error) {
	mapped, err := elf.Map(file)
	if err != nil {
		return nil, err
	}
	im := &image{Image: mapped, ctx: context.Background(), decoded: map[machine.Term]decoded{}, abi: linux.I386, bits: mapped.Class.Bits()}
	if mapped.Class == elf.Class64 {
		im.abi = linux.X8664
	}
	return im, nil
}

// start puts the image into the memory of a process that is about to begin, and
// the instruction pointer to its entry. To addresses in the file bias is added,
// unless they are fixed. It returns the number that is added.
func (im *image) start(s *machine.State, bias machine.Term) int64 {
	if im.Fixed {
		bias = machine.Number(im.bits, 0)
	}
	base, extra := bias.Split()
	if bias.IsNumber() {
		n, _ := bias.Constant()
		extra = int64(n)
	}
	for i := range im.Segments {
		m := &im.Segments[i]
		segment := machine.Segment{
			Name: fmt.Sprintf("the segment at %#x", m.Low), Base: base, Low: int64(m.Low) + extra, High: int64(m.High) + extra,
			Read: m.Read, Write: m.Write, Execute: m.Execute,
			Initial: func(at int64) machine.Byte { return machine.Const(m.Byte(im.File, uint64(at-extra))) },
		}
		whole := segment
		if im.objects != nil {
			whole.Name, whole.Read, whole.Write = "what lies outside its data", false, false
		}
		s.Memory.Map(&whole)
	}
	for _, o := range im.objects {
		im.mapObject(s, o, base, extra)
	}
	s.IP = s.Terms.Add(bias, machine.Number(im.bits, im.Entry))
	return extra
}

// mapObject makes an object memory of its own. What comes from the file and the zeros
// behind it are two mappings, and an object may lie in both.
func (im *image) mapObject(s *machine.State, o Range, base machine.Term, extra int64) {
	first := im.mapping(o.Low)
	if first == nil {
		return
	}
	for high := first.High; high < o.High; {
		next := im.mapping(high)
		if next == nil || next.Read != first.Read || next.Write != first.Write {
			return
		}
		high = next.High
	}
	s.Memory.Map(&machine.Segment{
		Name: "its data", Base: base, Low: int64(o.Low) + extra, High: int64(o.High) + extra, Alone: true,
		Read: first.Read, Write: first.Write, Execute: first.Execute,
		Initial: func(at int64) machine.Byte {
			address := uint64(at - extra)
			return machine.Const(im.mapping(address).Byte(im.File, address))
		},
	})
}

// mapping returns the mapping that holds an address, nil if none does.
func (im *image) mapping(address uint64) *elf.Mapping {
	for i := range im.Segments {
		if m := &im.Segments[i]; address >= m.Low && address < m.High {
			return m
		}
	}
	return nil
}

// inFile returns an address as it stands in the file, of a process to whose
// addresses bias was added.
func (im *image) inFile(at, bias int64) (uint64, bool) {
	address := uint64(at - bias)
	return address, im.holds(address)
}
