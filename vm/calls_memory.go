package vm

import (
	"tasm/layout/elf"
	"tasm/machine"
)

// Bits of mmap's arguments (uapi asm-generic/mman-common.h, mman.h).
const (
	protRead, protWrite, protExec  = 1, 2, 4
	mapShared, mapFixed, mapNoFile = 1, 0x10, 0x20
)

// zeros is what fresh memory holds.
func zeros(int64) machine.Byte { return machine.Const(0) }

// limit is the first address that no program can use.
func (c *call) limit() uint64 {
	if c.VM.abi.Bits == 64 {
		return top64
	}
	return 0xffffe000
}

// brk moves the end of the heap, which begins behind the program.
func brk(c *call) int64 {
	to := c.arg(0)
	if to < c.brkStart || to > c.limit() || to-c.brkStart > uint64(c.options.MaxMemory) || c.taken(pageUp(c.kernel.brk), pageUp(to)) {
		return int64(c.kernel.brk)
	}
	low, high := pageUp(c.kernel.brk), pageUp(to)
	switch {
	case high > low:
		c.add(low, high, protRead|protWrite, "the heap", zeros)
	case high < low:
		c.remove(high, low)
	}
	c.kernel.brk = to
	return int64(to)
}

// taken reports whether there is anything between two addresses.
func (c *call) taken(low, high uint64) bool {
	for _, s := range c.areas {
		if uint64(s.Low) < high && low < uint64(s.High) {
			return true
		}
	}
	return false
}

// add maps memory. Where something was written in an earlier mapping of the place,
// it is gone.
func (c *call) add(low, high uint64, prot uint64, name string, initial func(int64) machine.Byte) {
	c.wipe(low, high, initial)
	c.areas = append(c.areas, &machine.Segment{
		Name: name, Base: machine.Number(c.VM.abi.Bits, 0), Low: int64(low), High: int64(high),
		Read: prot&(protRead|protWrite) != 0, Write: prot&protWrite != 0,
		Execute: prot&protExec != 0 || c.VM.abi.Bits == 32 && prot&protRead != 0, // read implies exec
		Initial: initial,
	})
}

// wipe makes written bytes what a new mapping holds at first.
func (c *call) wipe(low, high uint64, initial func(int64) machine.Byte) {
	for _, at := range c.state.Memory.WrittenIn(low, high) {
		old := make([]byte, 1)
		c.Memory(at, old)
		c.written = append(c.written, oldBytes{at, old})
		c.state.Memory.SetBytes(at, []byte{byte(constant(initial(int64(at)).Of))})
	}
}

// remove unmaps memory.
func (c *call) remove(low, high uint64) {
	c.change(low, high, func(*machine.Segment) *machine.Segment { return nil })
}

// change replaces the parts of the areas between two addresses.
func (c *call) change(low, high uint64, to func(*machine.Segment) *machine.Segment) {
	var list []*machine.Segment
	part := func(s *machine.Segment, from, end int64) {
		if s != nil && from < end {
			copied := *s
			copied.Low, copied.High = from, end
			list = append(list, &copied)
		}
	}
	for _, s := range c.areas {
		if uint64(s.Low) >= high || low >= uint64(s.High) {
			list = append(list, s)
			continue
		}
		from, end := max(s.Low, int64(low)), min(s.High, int64(high))
		part(s, s.Low, from)
		part(to(s), from, end)
		part(s, end, s.High)
	}
	c.areas = list
}

// mmap takes six arguments, or on i386 the address of a structure with them.
func mmap(c *call) int64 {
	args := c.made.Args
	if c.abi.Bits == 32 {
		const words = 6
		b := c.readable(c.arg(0), words*4)
		if len(b) < words*4 {
			return c.fail("EFAULT")
		}
		args = nil
		for i := range words {
			args = append(args, fromLittle(b[4*i:4*i+4]))
		}
	}
	return c.mapMemory(args, 1)
}

func mmap2(c *call) int64 { return c.mapMemory(c.made.Args, elf.PageSize) }

// mapMemory maps memory; the offset in a file counts units of bytes.
func (c *call) mapMemory(args []uint64, unit uint64) int64 {
	address, length, prot, flags := args[0], pageUp(args[1]), args[2], args[3]
	offset := args[5] * unit
	switch {
	case args[1] == 0 || offset%elf.PageSize != 0 || flags&mapFixed != 0 && address%elf.PageSize != 0:
		return c.fail("EINVAL")
	case length == 0 || length > c.limit():
		return c.fail("ENOMEM")
	}
	initial, name := zeros, "mapped memory"
	if flags&mapNoFile == 0 {
		o, ok := c.description(int(int32(args[4])))
		switch {
		case !ok:
			return c.fail("EBADF")
		case o.kind != file:
			return c.fail("ENODEV")
		case flags&mapShared != 0 && prot&protWrite != 0:
			return c.unmodelled("maps a file to be changed in place, which is not modelled here")
		}
		data := *c.files[o.path]
		name = "a mapping of " + o.path
		initial = func(at int64) machine.Byte {
			if i := uint64(at) - address + offset; i < uint64(len(data)) {
				return machine.Const(data[i])
			}
			return machine.Const(0)
		}
	}
	switch {
	case flags&mapFixed != 0:
		const lowest = 65536 // vm.mmap_min_addr
		if address < lowest {
			return c.fail("EPERM")
		}
		if address > c.limit()-length {
			return c.fail("ENOMEM")
		}
		c.remove(address, address+length)
	case address == 0 || address%elf.PageSize != 0 || address > c.limit()-length || c.taken(address, address+length):
		if address = c.room(length); address == 0 {
			return c.fail("ENOMEM")
		}
	}
	c.add(address, address+length, prot, name, initial)
	return int64(address)
}

// room finds addresses that are free, from the stack downwards.
func (c *call) room(length uint64) uint64 {
	for low := c.next; low > length; {
		low -= length
		if !c.taken(low, low+length) {
			c.next = low
			return low
		}
		lowest := low
		for _, s := range c.areas {
			if uint64(s.Low) < low+length && low < uint64(s.High) {
				lowest = min(lowest, uint64(s.Low)&^(elf.PageSize-1))
			}
		}
		low = lowest
	}
	return 0
}

func munmap(c *call) int64 {
	if c.arg(0)%elf.PageSize != 0 || c.arg(1) == 0 || c.arg(1) > c.limit() {
		return c.fail("EINVAL")
	}
	c.remove(c.arg(0), c.arg(0)+pageUp(c.arg(1)))
	return 0
}

func mprotect(c *call) int64 {
	low, high := c.arg(0), c.arg(0)+pageUp(c.arg(1))
	if low%elf.PageSize != 0 {
		return c.fail("EINVAL")
	}
	for at := low; at < high; at += elf.PageSize {
		if c.Segment(at) == nil {
			return c.fail("ENOMEM")
		}
	}
	prot := c.arg(2)
	c.change(low, high, func(s *machine.Segment) *machine.Segment {
		changed := *s
		changed.Read, changed.Write = prot&(protRead|protWrite) != 0, prot&protWrite != 0
		changed.Execute = prot&protExec != 0 || c.VM.abi.Bits == 32 && prot&protRead != 0
		return &changed
	})
	return 0
}
