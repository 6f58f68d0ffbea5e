package flow

import (
	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/program"
)

// Set is a set of general registers by number, each in full.
type Set uint16

// Has reports whether register number n is in the set.
func (s Set) Has(n int) bool { return s>>n&1 != 0 }

// Facts are what one instruction does with registers and flags.
type Facts struct {
	Reads    Set // their values may matter
	Replaces Set // their values before do not matter any more
	Changes  Set // their values may be others afterwards
	Flags    x86.Flags
	Memory   bool // memory is read or written, or state that is not told apart from it
}

// everything is what is read where nobody knows better.
const everything = ^Set(0)

// FactsOf tells what an instruction does. A system call reads the registers of
// all arguments; a call and a return read everything.
func (g *Graph) FactsOf(in *Inst) Facts {
	var f Facts
	if in.Form == nil || in.APX && in.UsesAPX(in.Form) {
		return Facts{Reads: everything, Changes: everything, Memory: true}
	}
	f.Flags = in.Form.Flags()
	f.Memory = in.Form.OtherState()
	for i, o := range in.Form.Operands() {
		if i >= len(in.Operands) {
			break
		}
		switch operand := &in.Operands[i]; operand.Kind {
		case x86.RegisterOperand:
			f.access(operand.Register, o.Access, int(x86.RegisterInfo(operand.Register).Size))
		case x86.MemoryOperand:
			f.Memory = f.Memory || o.Access&x86.Address == 0
			for _, t := range operand.Value.Terms() {
				if t.Kind == lang.RegisterTerm {
					f.access(lang.RegisterID(t.ID), x86.Read, 0)
				}
			}
		}
	}
	for _, x := range in.Form.Implicit() {
		if x.Memory {
			f.Memory = true
			f.access(x.Register, x86.Read, 0)
			continue
		}
		size := 8
		if r := x86.RegisterInfo(x.Register); r != nil && x.Width == x86.Fixed {
			size = int(r.Size)
		}
		f.access(x.Register, x.Access, size)
	}
	if in.Repeated() {
		// The count may be 0: then nothing happens.
		f.Reads |= f.Changes | 1<<counter
		f.Changes |= 1 << counter
		f.Replaces = 0
	}
	if in.clears() {
		f.Reads &^= f.Replaces
	}
	switch in.Form.Flow() {
	case x86.SystemCall, x86.Interrupt:
		g.callKernel(&f)
	case x86.Call, x86.Return:
		f.Reads, f.Changes, f.Replaces, f.Memory = everything, everything, 0, true
	}
	return f
}

// setOf is the set of the general register that id is, or is a part of; empty for
// others.
func setOf(id lang.RegisterID) Set {
	r := x86.RegisterInfo(x86.Widest(id))
	if r == nil || r.Class != x86.General {
		return 0
	}
	return 1 << r.Number
}

// access adds that a register is read, written or both, in some bytes.
func (f *Facts) access(id lang.RegisterID, a x86.Access, size int) {
	bit := setOf(id)
	if a&x86.Read != 0 {
		f.Reads |= bit
	}
	if a&x86.Write == 0 {
		return
	}
	f.Changes |= bit
	// A write of 32 bits clears the upper half of a 64-bit register.
	if size >= 4 && a&x86.Maybe == 0 {
		f.Replaces |= bit
	} else {
		f.Reads |= bit
	}
}

// callKernel adds what a system call does.
func (g *Graph) callKernel(f *Facts) {
	f.Memory = true
	f.Reads |= setOf(x86.LookupRegister(g.ABI.Number))
	for _, a := range g.ABI.Args {
		f.Reads |= setOf(x86.LookupRegister(a))
	}
	result := setOf(x86.LookupRegister(g.ABI.Result))
	f.Changes |= result
	f.Replaces |= result &^ f.Reads
	for _, c := range g.ABI.Clobbers {
		f.Changes |= setOf(x86.LookupRegister(c))
	}
	// The kernel gives the flags back as they were.
	f.Flags = x86.Flags{}
}

// clears reports whether an instruction is XOR or SUB of a register with itself, which
// gives zero whatever that was.
func (in *Inst) clears() bool {
	name := x86.MnemonicName(in.Mnemonic)
	if name != "xor" && name != "sub" || len(in.Operands) != 2 {
		return false
	}
	x, y := &in.Operands[0], &in.Operands[1]
	return x.Kind == x86.RegisterOperand && y.Kind == x86.RegisterOperand && x.Register == y.Register && x86.RegisterInfo(x.Register).Size >= 4
}

// counter is the number of rcx, which repeat prefixes count down.
const counter = 1

// Live is what is still needed at one point of a program.
type Live struct {
	Registers Set
	Flags     x86.FlagSet
}

// LiveBefore returns for every block what is needed in front of each of its
// instructions, and behind the last one.
func (g *Graph) LiveBefore() map[*Block][]Live {
	live := map[*Block][]Live{}
	for _, b := range g.Blocks {
		live[b] = make([]Live, len(b.Code)+1)
	}
	for changed := true; changed; {
		changed = false
		for k := len(g.Blocks) - 1; k >= 0; k-- {
			b := g.Blocks[k]
			at := live[b]
			now := Live{}
			if b.Next != nil {
				now = live[b.Next][0]
			}
			for i := len(b.Code); ; i-- {
				if now != at[i] {
					at[i], changed = now, true
				}
				if i == 0 {
					break
				}
				now = g.before(&b.Code[i-1], now, live)
			}
		}
	}
	return live
}

// before returns what is needed in front of an instruction when after is needed
// behind it.
func (g *Graph) before(in *Inst, after Live, live map[*Block][]Live) Live {
	f := g.FactsOf(in)
	if in.Target != nil {
		at := live[in.Target][0]
		after.Registers |= at.Registers
		after.Flags |= at.Flags
	}
	after.Registers = after.Registers&^f.Replaces | f.Reads
	after.Flags = after.Flags&^(f.Flags.Written|f.Flags.Cleared|f.Flags.Set) | f.Flags.Read
	if flow := in.Form; flow != nil && (flow.Flow() == x86.Call || flow.Flow() == x86.Return) {
		after.Flags = ^x86.FlagSet(0)
	}
	return after
}

// IgnoresArguments reports whether a program surely sees nothing of what it is
// started with: that is all on the stack, and the program does not look at the
// stack pointer it begins with.
func IgnoresArguments(p *program.Program) bool {
	g := Build(p)
	if len(g.Doubts) > 0 || g.Entry == nil {
		return false
	}
	const stackPointer = 4
	return !g.LiveBefore()[g.Entry][0].Registers.Has(stackPointer)
}
