package vm

import (
	"encoding/binary"
	"slices"

	"tasm/machine"
)

// recording is a log of what each step replaced, in blocks of bytes. A step's entry
// is written so that it can be read from its end:
//
//	step back in IP       zigzag varint
//	kind                  byte: bits of entryKind
//	flags, defined        2 + 2 bytes, if they changed
//	registers             count byte, and for each its number and 8 bytes
//	memory                count byte, and for each address (8), size (1) and bytes
//	length of all that    2 bytes
//
// What system calls replaced is kept apart, in calls.
type recording struct {
	limit  int64
	blocks [][]byte
	costs  []cost // of the blocks
	calls  []callRecord

	// The step under way.
	before struct {
		registers     [16]machine.Term
		ip            machine.Term
		bits, defined uint16
	}
	// fresh tells that the flags in before are those of now: only instructions that
	// change flags need them to be looked at.
	fresh   bool
	stored  []stored
	changes machine.Changes
}

// cost is what a block has beside its bytes.
type cost struct {
	calls int
	bytes int64 // that the calls take
}

// stored is memory that the step under way writes: where, and what was there.
type stored struct {
	address uint64
	size    int
	old     [8]byte
}

// callRecord is what a system call replaced.
type callRecord struct {
	call     Call
	kernel   *kernel
	segments []*machine.Segment
	written  []oldBytes
}

type oldBytes struct {
	address uint64
	bytes   []byte
}

// blockSize is the size of a block of the recording in bytes.
const blockSize = 1 << 20

// What an entry tells of.
const (
	entryFlags byte = 1 << iota
	entryCall
	entryEdit
)

func (r *recording) on() bool { return r.limit > 0 }

// begin notes the state before a step.
func (r *recording) begin(s *machine.State) {
	r.stored = r.stored[:0]
	if !r.on() {
		return
	}
	r.before.registers = s.Registers
	r.mark(s)
}

// mark notes what is needed of the state before a step of any kind.
func (r *recording) mark(s *machine.State) {
	r.before.ip = s.IP
	if !r.fresh {
		r.before.bits, r.before.defined = s.FlagBits()
		r.fresh = true
	}
}

// watch notes what memory holds before the program writes to it.
func (v *VM) watch(a machine.Access) {
	if !a.Write {
		return
	}
	w := stored{address: uint64(a.Offset), size: a.Size}
	if v.recording.on() {
		v.state.Memory.Bytes(w.address, w.old[:a.Size])
	}
	v.recording.stored = append(v.recording.stored, w)
}

// rollBack undoes the part of a step that was done before it failed.
func (r *recording) rollBack(s *machine.State) {
	if !r.on() {
		return
	}
	s.Registers, s.IP = r.before.registers, r.before.ip
	s.SetFlagBits(r.before.bits, r.before.defined)
	for _, w := range slices.Backward(r.stored) {
		s.Memory.SetBytes(w.address, w.old[:w.size])
	}
}

// commit writes the entry of a step that is done.
func (r *recording) commit(s *machine.State, changesFlags bool) {
	if r.on() {
		r.add(s, 0, changesFlags)
	}
}

// commitCall writes the entry of a system call.
func (r *recording) commitCall(s *machine.State, c callRecord) {
	if r.on() {
		r.calls = append(r.calls, c)
		r.add(s, entryCall, false)
		last := &r.costs[len(r.costs)-1]
		last.calls++
		last.bytes += c.size()
	}
}

func (r *recording) add(s *machine.State, kind byte, changesFlags bool) {
	list := r.changes.Registers[:0]
	for i, old := range r.before.registers {
		if s.Registers[i] != old {
			list = append(list, machine.OldRegister{Number: uint8(i), Value: constant(old)})
		}
	}
	r.changes.Registers = list
	r.write(s, kind, changesFlags, list)
}

// write appends an entry.
func (r *recording) write(s *machine.State, kind byte, changesFlags bool, registers []machine.OldRegister) {
	b := r.block()
	start := len(b)
	b = binary.AppendVarint(b, int64(constant(r.before.ip)-constant(s.IP)))
	bits, defined := r.before.bits, r.before.defined
	if changesFlags {
		bits, defined = s.FlagBits()
	}
	if bits != r.before.bits || defined != r.before.defined {
		kind |= entryFlags
	}
	b = append(b, kind)
	if kind&entryFlags != 0 {
		b = binary.LittleEndian.AppendUint16(b, r.before.bits)
		b = binary.LittleEndian.AppendUint16(b, r.before.defined)
	}
	r.before.bits, r.before.defined = bits, defined
	b = append(b, byte(len(registers)))
	for _, old := range registers {
		b = append(b, old.Number)
		b = binary.LittleEndian.AppendUint64(b, old.Value)
	}
	b = append(b, byte(len(r.stored)))
	for _, w := range r.stored {
		b = binary.LittleEndian.AppendUint64(b, w.address)
		b = append(b, byte(w.size))
		b = append(b, w.old[:w.size]...)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(b)-start))
	r.blocks[len(r.blocks)-1] = b
}

// block returns the last block, in which there is room for an entry. It forgets
// the oldest where the recording is full.
func (r *recording) block() []byte {
	if n := len(r.blocks); n == 0 || len(r.blocks[n-1])+maxEntry > blockSize || r.costs[n-1].bytes > blockSize {
		var spare []byte
		for len(r.blocks) > 1 && r.Size()+blockSize > r.limit {
			spare = r.blocks[0][:0]
			r.forget()
		}
		if spare == nil {
			const first = 64 << 10
			spare = make([]byte, 0, first)
		}
		r.blocks, r.costs = append(r.blocks, spare), append(r.costs, cost{})
	}
	return r.blocks[len(r.blocks)-1]
}

// Size returns how much memory the recording takes, in bytes; it is an estimate for
// what system calls have replaced.
func (r *recording) Size() int64 {
	total := int64(0)
	for i, c := range r.costs {
		total += c.bytes + int64(cap(r.blocks[i]))
	}
	return total
}

// size estimates the memory of what a system call replaced, in bytes.
func (c *callRecord) size() int64 {
	const fixed, perEntry, perOpen = 1 << 10, 64, 80
	k := c.kernel
	n := int64(fixed + 8*(len(k.areas)+len(c.segments)) + perOpen*len(k.open) + len(c.call.Data))
	n += int64(perEntry * (len(k.descriptors) + len(k.files) + len(k.handlers) + len(k.calls)))
	for _, w := range c.written {
		n += int64(len(w.bytes) + perEntry)
	}
	return n
}

// forget drops the oldest block, and the calls that belong to it.
func (r *recording) forget() {
	r.calls = slices.Clone(r.calls[r.costs[0].calls:])
	r.blocks, r.costs = r.blocks[1:], r.costs[1:]
}

// entry is a step's entry, read from the log.
type entry struct {
	length        int // in the log
	back          int64
	kind          byte
	bits, defined uint16
	registers     []oldRegister
	memory        []oldBytes
}

type oldRegister struct {
	number int
	value  uint64
}

// lastEntry reads the entry at the end of a block.
func lastEntry(b []byte) entry {
	size := int(binary.LittleEndian.Uint16(b[len(b)-2:]))
	e := entry{length: size + 2}
	b = b[len(b)-2-size : len(b)-2]
	var n int
	e.back, n = binary.Varint(b)
	b = b[n:]
	e.kind, b = b[0], b[1:]
	if e.kind&entryFlags != 0 {
		e.bits, e.defined = binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
		b = b[4:]
	}
	count := int(b[0])
	b = b[1:]
	for range count {
		e.registers = append(e.registers, oldRegister{int(b[0]), binary.LittleEndian.Uint64(b[1:])})
		b = b[9:]
	}
	count = int(b[0])
	b = b[1:]
	for range count {
		size := int(b[8])
		e.memory = append(e.memory, oldBytes{binary.LittleEndian.Uint64(b), b[9 : 9+size]})
		b = b[9+size:]
	}
	return e
}

// last returns the entry of the last step, and false if there is none.
func (r *recording) last() (entry, bool) {
	if n := len(r.blocks); n > 0 && len(r.blocks[n-1]) > 0 {
		return lastEntry(r.blocks[n-1]), true
	}
	return entry{}, false
}

// Back takes the last step back, or a change that was made from outside since then.
// It returns false where the recording begins.
func (v *VM) Back() bool {
	r := &v.recording
	e, ok := r.last()
	if !ok {
		return false
	}
	s := v.state
	r.fresh = false
	s.IP = machine.Number(v.abi.Bits, constant(s.IP)+uint64(e.back))
	if e.kind&entryFlags != 0 {
		s.SetFlagBits(e.bits, e.defined)
	}
	for _, old := range e.registers {
		s.Registers[old.number] = machine.Number(v.abi.Bits, old.value)
	}
	for _, w := range slices.Backward(e.memory) {
		s.Memory.SetBytes(w.address, w.bytes)
	}
	if e.kind&entryCall != 0 {
		c := r.calls[len(r.calls)-1]
		r.calls = r.calls[:len(r.calls)-1]
		last := &r.costs[len(r.costs)-1]
		last.calls--
		last.bytes -= c.size()
		for _, w := range slices.Backward(c.written) {
			s.Memory.SetBytes(w.address, w.bytes)
		}
		v.setSegments(c.segments)
		v.kernel = c.kernel
	}
	if e.kind&entryEdit != 0 {
		v.forgetCode()
	} else {
		v.steps--
	}
	n := len(r.blocks) - 1
	r.blocks[n] = r.blocks[n][:len(r.blocks[n])-e.length]
	if len(r.blocks[n]) == 0 {
		r.blocks, r.costs = r.blocks[:n], r.costs[:n]
	}
	v.stop = nil
	return true
}

// Change is what the last step changed.
type Change struct {
	Edit          bool   // it was no step, but a change from outside
	IP            uint64 // address of the instruction
	Registers     []RegisterChange
	Flags         uint16 // before, as bits of the flags register
	Defined       uint16 // which of them were defined
	FlagsTouched  bool
	Memory        []MemoryChange
	Call          *Call // the system call that it made, nil if none
	KernelChanges []MemoryChange
}

// RegisterChange is a general register with another value than before.
type RegisterChange struct {
	Number   int
	Old, New uint64
}

// MemoryChange is a write to memory, perhaps of the same bytes.
type MemoryChange struct {
	Address  uint64
	Old, New []byte
}

// Last returns what the last step changed, and false where nothing is recorded.
func (v *VM) Last() (Change, bool) {
	e, ok := v.recording.last()
	if !ok {
		return Change{}, false
	}
	c := Change{Edit: e.kind&entryEdit != 0, IP: constant(machine.Number(v.abi.Bits, v.IP()+uint64(e.back))), FlagsTouched: e.kind&entryFlags != 0, Flags: e.bits, Defined: e.defined}
	for _, old := range e.registers {
		c.Registers = append(c.Registers, RegisterChange{old.number, old.value, v.Register(old.number)})
	}
	c.Memory = v.changes(e.memory)
	if e.kind&entryCall != 0 {
		record := &v.recording.calls[len(v.recording.calls)-1]
		c.Call, c.KernelChanges = &record.call, v.changes(record.written)
	}
	return c, true
}

func (v *VM) changes(old []oldBytes) []MemoryChange {
	var list []MemoryChange
	for _, w := range old {
		now := make([]byte, len(w.bytes))
		v.Memory(w.address, now)
		list = append(list, MemoryChange{w.address, slices.Clone(w.bytes), now})
	}
	return list
}
