package equiv

import (
	"slices"

	"tasm/linux"
	"tasm/machine"
)

// Memory that the kernel gives: by mmap, where it is private, at an address that the
// kernel or the program has chosen, and by brk. It is an object of its own, of zeros or of
// a file's bytes. An access behind its end leaves it, and so does one to memory that a
// call has not given because it failed.

// Names of its segments.
const (
	granted    = "memory that the kernel has given"
	notGranted = "what lies outside of the memory that the kernel has given"
)

// isGranted reports whether an address is in such memory, or beside it.
func (p *process) isGranted(address machine.Term) bool {
	s, _ := p.Memory.Find(address)
	return s != nil && (s.Name == granted || s.Name == notGranted)
}

// gift is memory that was given.
type gift struct {
	address machine.Term
	size    int64
	file    bool // it shows the bytes of a file
}

// heap is what a process knows of the memory that brk gives.
type heap struct {
	start machine.Term // of no width before the first call
	size  int64
}

// Flags of mmap (include/uapi/asm-generic/mman-common.h).
const (
	mapPrivate   = 0x02
	mapTypes     = 0x0f
	mapFixed     = 0x10
	mapAnonymous = 0x20
	// mapHints are those that change nothing which is looked at here: MAP_NORESERVE,
	// MAP_POPULATE, MAP_STACK.
	mapHints = 0x4000 | 0x8000 | 0x20000
)

// request is memory that mmap is asked for.
type request struct {
	address uint64 // 0 where the kernel chooses
	size    uint64
	access  uint64
	file    bool
}

// request returns what a call of mmap asks for, and false where it is another call or asks
// for what is not modelled.
func (v callView) request() (r request, ok bool) {
	if v.Syscall == nil {
		return r, false
	}
	var list []uint64
	switch {
	case v.Syscall.Name == "mmap2" || v.Syscall.Name == "mmap" && len(v.args) == 6:
		for _, a := range v.args[:4] {
			n, known := a.value.Constant()
			if !known {
				return r, false
			}
			list = append(list, n)
		}
	case v.Syscall.Name == "mmap" && len(v.args) == 1 && len(v.args[0].reads) == 1:
		word := v.ABI.PointerSize
		bytes, known := constants(v.args[0].reads[0].bytes)
		if !known || len(bytes) < 4*word {
			return r, false
		}
		for i := range 4 {
			list = append(list, number(bytes[i*word:(i+1)*word]))
		}
	default:
		return r, false
	}
	flags := list[3]
	r = request{list[0], list[1], list[2], flags&mapAnonymous == 0}
	if flags&mapFixed == 0 {
		r.address = 0
	} else if r.address == 0 || r.address%page != 0 {
		return r, false
	}
	return r, flags&mapTypes == mapPrivate && flags&^(mapTypes|mapFixed|mapAnonymous|mapHints) == 0 && r.size > 0 && r.size <= maxGranted
}

// extends returns how large the heap is to be by a call of brk, and false where it is
// another call or it can't be told.
func (p *process) extends(v callView) (size int64, ok bool) {
	if v.Syscall == nil || v.Syscall.Name != "brk" {
		return 0, false
	}
	x := v.args[0].value
	if n, known := x.Constant(); known && n == 0 {
		return p.heap.size, true
	}
	if p.heap.start.Width() == 0 {
		return 0, false
	}
	n, known := p.Terms.Sub(x, p.heap.start).Constant()
	return int64(n), known && n >= uint64(p.heap.size) && n <= maxGranted
}

// results returns what a call that gives memory may return, and whether it may also return
// an error number; nothing where it may return anything.
func (p *process) results(v callView) (list []machine.Term, errors bool) {
	if r, ok := v.request(); ok && r.address != 0 {
		return []machine.Term{machine.Number(v.ABI.Bits, r.address)}, true
	}
	size, ok := p.extends(v)
	if !ok || p.heap.start.Width() == 0 {
		return nil, false
	}
	list = []machine.Term{offset(p, p.heap.start, uint64(size))}
	if size > p.heap.size {
		list = append(list, offset(p, p.heap.start, uint64(p.heap.size)))
	}
	return list, false
}

// take makes what a call has given memory of the process. It reports false where nothing is
// known of what the call did.
func (p *process) take(v callView, result machine.Term) bool {
	if r, ok := v.request(); ok {
		if n, known := result.Constant(); known && n >= failure<<(64-result.Width())>>(64-result.Width()) {
			return true
		}
		if r.address != 0 && !result.IsNumber() {
			return true // an error
		}
		p.surround(result)
		p.mapGranted(result, int64(r.size+page-1)&^(page-1), r.access, r.file)
		return true
	}
	if size, ok := p.extends(v); ok {
		if p.heap.start.Width() == 0 {
			p.heap.start = result
			p.surround(result)
		}
		if now, known := p.Terms.Sub(result, p.heap.start).Constant(); known && size > p.heap.size && int64(now) == size {
			p.heap.size = size
			p.mapGranted(p.heap.start, size, 3, false)
		}
		return true
	}
	return p.release(v)
}

// release takes memory away that a call has unmapped, or of which it is not known what the
// call has done with it. It reports false in the second case.
func (p *process) release(v callView) bool {
	if v.Syscall != nil && v.Syscall.Name == "brk" && p.heap.start.Width() > 0 {
		p.hide(p.heap.start)
	}
	whole := false
	for i := range v.args {
		if a := &v.args[i]; (a.Kind == linux.Map || a.Kind == linux.Opaque) && p.isGranted(a.value) {
			s, at := p.Memory.Find(a.value)
			p.hide(a.value)
			size, known := v.args[min(1, len(v.args)-1)].value.Constant()
			whole = v.Syscall.Name == "munmap" && known && at == s.Low && int64(size) > s.High-s.Low-page && int64(size) <= s.High-s.Low
		}
	}
	return whole || !v.mapping()
}

// hide takes a piece of memory away.
func (p *process) hide(address machine.Term) {
	if s, _ := p.Memory.Find(address); s != nil && s.Name == granted {
		p.Memory.Map(&machine.Segment{Name: notGranted, Base: s.Base, Low: s.Low, High: s.High})
	}
}

// mapGranted maps memory at an address.
func (p *process) mapGranted(address machine.Term, size int64, access uint64, file bool) {
	base, low := startOf(address)
	s := machine.Segment{Name: granted, Base: base, Low: low, High: low + size, Alone: true, Read: access&3 != 0, Write: access&2 != 0,
		Initial: func(at int64) machine.Byte { return machine.Const(0) }}
	if generated := p.Known == nil; file {
		s.Initial = func(at int64) machine.Byte {
			u := machine.Unknown{Origin: machine.KernelByte, Width: 8, Index: at - low, Of: address, Argument: arrayArgument}
			if generated {
				return machine.Const(byte(uint64(at-low) * 0x9e3779b97f4a7c15 >> 56))
			}
			return machine.Byte{Of: p.Terms.Unknown(u)}
		}
	}
	p.Memory.Map(&s)
	p.gifts = append(slices.Clip(p.gifts), gift{address, size, file})
}

// filesChange lets the bytes of files that memory shows be others behind a call: those of a
// page that nobody has written to are the file's as it is now.
func (p *process) filesChange(call int) {
	for i, g := range p.gifts {
		if g.file {
			p.Memory.Scatter(g.address, g.size, call, fileArgument+i, false, machine.Term{})
		}
	}
}

// fileArgument is given as the number of the argument through which the memory of the first
// gift was written.
const fileArgument = arrayArgument << 1

// surround makes what lies around an unknown address what may not be touched.
func (p *process) surround(address machine.Term) {
	if base, low := startOf(address); !base.IsNumber() {
		p.Memory.Map(&machine.Segment{Name: notGranted, Base: base, Low: low - maxGranted, High: low + maxGranted})
	}
}

// startOf splits an address as a segment has it.
func startOf(address machine.Term) (base machine.Term, low int64) {
	if n, known := address.Constant(); known {
		return machine.Number(address.Width(), 0), int64(n)
	}
	base, low = address.Split()
	return base, low
}

// Where generated runs have the kernel map memory.
var places = map[int][2]uint64{32: {0xe0000000, 0xa0000000}, 64: {0x7f1200000000, 0x600000000000}}

// space is the memory that the kernel of a script gives.
type space struct {
	next       uint64 // where mmap finds room
	start, end uint64 // of the heap
}

// give makes up the result of a call that asks for memory; ok is false if it is another
// one.
func (s *script) gives(v callView) (result uint64, ok bool) {
	bits := v.ABI.Bits
	if s.space.next == 0 {
		at := places[bits]
		heap := at[1] + page*s.random.Uint64N(256)
		s.space = space{at[0] + page*s.random.Uint64N(256), heap, heap}
	}
	if r, modelled := v.request(); modelled {
		switch {
		case s.fails():
			return noMemory, true
		case r.address != 0:
			return r.address, true
		}
		at := s.space.next
		if s.space.next += (r.size + page - 1) &^ (page - 1); bits == 32 && s.space.next > 0xf0000000 {
			return noMemory, true
		}
		return at, true
	}
	if v.Syscall == nil || v.Syscall.Name != "brk" || v.Syscall.Result != linux.Pointer {
		return 0, false
	}
	if to, known := v.args[0].value.Constant(); known && to >= s.space.start && to-s.space.start < 1<<28 && !s.fails() {
		s.space.end = to
	}
	return s.space.end, true
}

// noMemory is -ENOMEM.
const noMemory = 1<<64 - 12

// fails decides whether a call fails.
func (s *script) fails() bool {
	return s.mood == hostile || s.mood == mixed && s.random.IntN(4) == 0
}
