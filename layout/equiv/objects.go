package equiv

import (
	"cmp"
	"slices"

	"tasm/codegen/x86"
	"tasm/layout/elf"
)

// object is a run of data of the original that has to stay in one piece. A
// program has no meaning from where it leaves an object by an address that was
// made from the object's own.
type object struct {
	low, high int64
	// array tells that the original uses it with addresses of which not more is
	// known than that they lie in it.
	array bool
	// mapped tells that the result has the object too, delta bytes further on, and
	// alike that both hold the same bytes at first.
	mapped, alike bool
	delta         int64
}

// objectsOf lists the objects of an image by what its headers tell: what comes
// from the file and the zeros behind it are two objects, and so is what lies on
// both sides of code.
func objectsOf(im *image) []*object {
	var list []*object
	code := im.reached()
	add := func(low, high uint64) {
		start := low
		for at := low; at <= high; at++ {
			if at < high && !code[at] {
				continue
			}
			if start < at {
				list = append(list, &object{low: int64(start), high: int64(at)})
			}
			start = at + 1
		}
	}
	head := im.File[:min(len(im.File), 256)]
	get := func(id elf.FieldID) uint64 { return elf.Get(im.Class, head, id) }
	size := uint64(im.Class.Size(elf.ProgramHeader))
	for i := range get(elf.EPhnum) {
		header := im.File[get(elf.EPhoff)+i*size:][:size]
		get := func(id elf.FieldID) uint64 { return elf.Get(im.Class, header, id) }
		if get(elf.PType) != elf.SegmentLoad {
			continue
		}
		low, end := get(elf.PVaddr), get(elf.PVaddr)+get(elf.PFilesz)
		add(low, end)
		if high := get(elf.PVaddr) + get(elf.PMemsz); end < high {
			list = append(list, &object{low: int64(end), high: int64(high)})
		}
	}
	slices.SortFunc(list, func(a, b *object) int { return cmp.Compare(a.low, b.low) })
	return list
}

// maxReached bounds the bytes of code that are looked at to tell it from data.
const maxReached = 1 << 18

// reached returns the addresses of the bytes of instructions that the entry leads
// to, as far as jumps say where they go.
func (im *image) reached() map[uint64]bool {
	bytes, seen := map[uint64]bool{}, map[uint64]bool{}
	for todo := []uint64{im.Entry}; len(todo) > 0 && len(bytes) < maxReached; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var code [x86.MaxLength]byte
		in := new(x86.Decoded)
		if seen[at] || !x86.Decode(im.bits, im.code(at, code[:]), int64(at), in) {
			continue
		}
		seen[at] = true
		next := at + uint64(in.Length)
		for i := at; i < next; i++ {
			bytes[i] = true
		}
		flow := in.Form.Flow()
		if flow == x86.Jump || flow == x86.Branch || flow == x86.Call {
			if o := &in.Operands[0]; o.Kind == x86.ImmediateOperand && len(o.Value.Terms()) == 0 {
				todo = append(todo, uint64(o.Value.N)&(1<<im.bits-1|1<<(im.bits-1)))
			}
		}
		if flow != x86.Jump && flow != x86.Return {
			todo = append(todo, next)
		}
	}
	return bytes
}

// code fills a buffer with the bytes that may be executed from an address on.
func (im *image) code(at uint64, buffer []byte) []byte {
	for n := range buffer {
		i := slices.IndexFunc(im.Segments, func(m elf.Mapping) bool { return m.Execute && at+uint64(n) >= m.Low && at+uint64(n) < m.High })
		if i < 0 {
			return buffer[:n]
		}
		buffer[n] = im.Segments[i].Byte(im.File, at+uint64(n))
	}
	return buffer
}

// initial returns the byte that an image holds at an address at first, and false
// where it holds none.
func (im *image) initial(at uint64) (byte, bool) {
	for i := len(im.Segments) - 1; i >= 0; i-- {
		if m := &im.Segments[i]; at >= m.Low && at < m.High {
			return m.Byte(im.File, at), true
		}
	}
	return 0, false
}
