package equiv

import (
	"cmp"
	"slices"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/machine"
)

// object is a run of data of the original that has to stay in one piece. A
// program has no meaning from where it leaves an object by an address that was
// made from the object's own.
type object struct {
	low, high int64
	// array tells that the original uses it with addresses of which not more is
	// known than that they lie in it.
	array bool
	// mapped tells that the result has the object too, from address base + to on,
	// and alike that both hold the same bytes at first.
	mapped, alike bool
	base          machine.Term
	to            int64
}

// objectsOf lists the objects of an image, by what its headers tell unless more is
// known: what comes from the file and the zeros behind it are two objects, and so is
// what lies on both sides of code.
func objectsOf(im *image) []*object {
	var list []*object
	for _, o := range im.objects {
		list = append(list, &object{low: int64(o.Low), high: int64(o.High)})
	}
	if im.objects != nil {
		return list
	}
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

// reached returns the addresses of the bytes of instructions that the entry leads
// to, as far as jumps say where they go.
func (im *image) reached() map[uint64]bool {
	bytes := map[uint64]bool{}
	for at, in := range im.listing() {
		for i := range in.Length {
			bytes[at+uint64(i)] = true
		}
	}
	return bytes
}

// listing returns the instructions that the entry leads to, as far as jumps say where
// they go, by address.
func (im *image) listing() map[uint64]*x86.Decoded {
	list := map[uint64]*x86.Decoded{}
	for todo := []uint64{im.Entry}; len(todo) > 0 && len(list) < maxReached; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var code [x86.MaxLength]byte
		in := new(x86.Decoded)
		if list[at] != nil || !x86.Decode(im.bits, im.code(at, code[:]), int64(at), in) {
			continue
		}
		list[at] = in
		for _, to := range successors(in, int64(at), -1) {
			next := uint64(to) & (^uint64(0) >> (64 - im.bits))
			if next != at+uint64(in.Length) || !im.ends(in, at) {
				todo = append(todo, next)
			}
		}
	}
	return list
}

// ends reports whether a system call was met that never came back.
func (im *image) ends(in *x86.Decoded, at uint64) bool {
	if flow := in.Form.Flow(); flow != x86.SystemCall && flow != x86.Interrupt {
		return false
	}
	called, back := false, false
	for ip := range im.decoded {
		_, n := ip.Split()
		called = called || uint64(n) == at
		back = back || uint64(n) == at+uint64(in.Length)
	}
	return called && !back
}

// successors returns where an instruction at an address may lead to, as far as that
// can be read from it; behind a call the program is thought to go on.
func successors(in *x86.Decoded, at, mask int64) []int64 {
	var list []int64
	flow := in.Form.Flow()
	if flow != x86.Jump && flow != x86.Return {
		list = append(list, at+int64(in.Length))
	}
	if flow == x86.Jump || flow == x86.Branch || flow == x86.Call {
		if o := &in.Operands[0]; o.Kind == x86.ImmediateOperand && len(o.Value.Terms()) == 0 {
			list = append(list, o.Value.N&mask)
		}
	}
	return list
}

// loops returns the addresses of instructions to which a way leads back without a system call: every such way round that does not leave a subroutine
// unfinished comes by one.
func (im *image) loops() []int64 {
	if h := &im.heads; h.list == nil || h.decoded != len(im.decoded) {
		h.decoded, h.list = len(im.decoded), im.findLoops()
	}
	return im.heads.list
}

// findLoops does what loops says.
func (im *image) findLoops() []int64 {
	met, mask := im.program()
	const open, done = 1, 2
	heads := []int64{}
	state := map[int64]int{}
	type frame struct {
		at   int64
		rest []int64
	}
	begin := []int64{int64(im.Entry)}
	for at, in := range met {
		if in.Form.Flow() == x86.SystemCall || in.Form.Flow() == x86.Interrupt {
			begin = append(begin, at+int64(in.Length))
		}
	}
	slices.Sort(begin[1:])
	for stack := []frame{{-1, begin}}; len(stack) > 0; {
		f := &stack[len(stack)-1]
		if len(f.rest) == 0 {
			state[f.at] = done
			stack = stack[:len(stack)-1]
			continue
		}
		next := f.rest[0]
		f.rest = f.rest[1:]
		in := met[next]
		switch {
		case in == nil || state[next] == done:
		case state[next] == open:
			heads = append(heads, next)
		case in.Form.Flow() == x86.SystemCall || in.Form.Flow() == x86.Interrupt:
			state[next] = done
		default:
			state[next] = open
			stack = append(stack, frame{next, successors(in, next, mask)})
		}
	}
	return heads
}

// program returns the instructions that were met or that the entry leads to, by
// address, and a mask of the bits that an address has.
func (im *image) program() (met map[int64]*x86.Decoded, mask int64) {
	met = map[int64]*x86.Decoded{}
	for at, in := range im.listing() {
		met[int64(at)] = in
	}
	for ip, d := range im.decoded {
		_, at := ip.Split()
		met[at] = d.in
	}
	if im.bits == 32 {
		return met, 1<<32 - 1
	}
	return met, -1
}

// body returns the instructions of a loop behind its head, as they follow it: those
// that are reached from there, and from which it is, without a system call.
func (im *image) body(head int64) []int64 {
	met, mask := im.program()
	before := map[int64][]int64{}
	next := func(at int64) []int64 {
		in := met[at]
		if in == nil || in.Form.Flow() == x86.SystemCall || in.Form.Flow() == x86.Interrupt {
			return nil
		}
		return successors(in, at, mask)
	}
	for at := range met {
		for _, to := range next(at) {
			before[to] = append(before[to], at)
		}
	}
	reach := func(next func(int64) []int64) (list []int64) {
		seen := map[int64]bool{head: true}
		list = []int64{head}
		for i := 0; i < len(list); i++ {
			for _, at := range next(list[i]) {
				if !seen[at] {
					seen[at] = true
					list = append(list, at)
				}
			}
		}
		return list[1:]
	}
	back := map[int64]bool{}
	for _, at := range reach(func(at int64) []int64 { return before[at] }) {
		back[at] = true
	}
	return slices.DeleteFunc(reach(next), func(at int64) bool { return !back[at] })
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
