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

	// shown says what the program was seen to do that depends on where its file lies
	// in memory; "" if nothing.
	shown string

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
		for _, o := range im.objects {
			if o.Low >= m.Low && o.High <= m.High {
				object := segment
				object.Name, object.Low, object.High, object.Alone = "its data", int64(o.Low)+extra, int64(o.High)+extra, true
				s.Memory.Map(&object)
			}
		}
	}
	s.IP = s.Terms.Add(bias, machine.Number(im.bits, im.Entry))
	return extra
}

// inFile returns an address as it stands in the file, of a process to whose
// addresses bias was added.
func (im *image) inFile(at, bias int64) (uint64, bool) {
	address := uint64(at - bias)
	return address, im.holds(address)
}
