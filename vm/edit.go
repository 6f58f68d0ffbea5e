package vm

import (
	"slices"

	"tasm/machine"
)

// edit makes a change from outside, which Back takes back like a step. It goes on
// after an end: the change may be what is needed to get past it.
func (v *VM) edit(change func()) {
	v.stop = nil
	v.recording.begin(v.state)
	change()
	if v.recording.on() {
		v.recording.add(v.state, entryEdit, true)
	}
	v.forgetCode()
}

// SetRegister changes a general register.
func (v *VM) SetRegister(n int, value uint64) {
	v.edit(func() { v.state.Registers[n] = machine.Number(v.abi.Bits, value) })
}

// SetFlags changes the flags, given as bits of the flags register.
func (v *VM) SetFlags(bits uint16) {
	v.edit(func() { v.state.SetFlagBits(bits, ^uint16(0)) })
}

// SetIP changes the address of the next instruction.
func (v *VM) SetIP(address uint64) {
	v.edit(func() { v.state.IP = machine.Number(v.abi.Bits, address) })
}

// SetMemory changes memory whatever its permissions, in pieces of up to 256 bytes
// that are taken back one by one.
func (v *VM) SetMemory(address uint64, bytes []byte) {
	for piece := range slices.Chunk(bytes, maxEdit) {
		v.edit(func() {
			at := address
			for part := range slices.Chunk(piece, 8) {
				w := stored{address: at, size: len(part)}
				v.state.Memory.Bytes(at, w.old[:w.size])
				v.recording.stored = append(v.recording.stored, w)
				at += uint64(len(part))
			}
			v.state.Memory.SetBytes(address, piece)
		})
		address += uint64(len(piece))
	}
}
