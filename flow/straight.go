package flow

import (
	"tasm/codegen/x86"
	"tasm/lang"
	"tasm/machine"
)

// straight is the state of the processor in code that is run in order, as far as it is
// known: the registers that hold numbers, and the words that were pushed. It is how the
// number of a system call is found before there are blocks.
type straight struct {
	g       *Graph
	t       *machine.Terms
	s       *machine.State
	unknown int64 // how many unknowns were made
}

// newStraight returns the state at process entry, or, where control comes in from
// elsewhere, one of which nothing is known.
func newStraight(g *Graph, entry bool) *straight {
	x := &straight{g: g, t: machine.NewTerms()}
	x.begin()
	for r := range x.s.Registers {
		if !entry && r != machine.SP {
			x.forget(r)
		}
	}
	return x
}

// begin makes a state with the registers that it has at process entry, and memory of
// which nothing is known.
func (x *straight) begin() {
	x.s = machine.Start(x.t, x.g.ABI, nil)
	x.s.IP = x.new()
}

// new returns a value of which nothing is known.
func (x *straight) new() machine.Term {
	x.unknown++
	return x.t.Unknown(machine.Unknown{Origin: machine.Input, Width: x.g.Bits, Index: x.unknown})
}

func (x *straight) forget(register int) { x.s.Registers[register] = x.new() }

// number returns what the register for the number of a system call holds.
func (x *straight) number() machine.Term {
	return x.t.Extract(x.s.Register(x86.LookupRegister(x.g.ABI.Number)), 0, 32)
}

// step carries the state over an instruction.
func (x *straight) step(u *unit) {
	if u.Instruction == nil || u.Form == nil {
		*x = *newStraight(x.g, false)
		return
	}
	before := x.s.Registers
	if x.done(u) {
		for r, v := range x.s.Registers {
			// Nothing but numbers and distances from the stack pointer matters.
			if _, known := v.Constant(); !known && r != machine.SP && v != before[r] {
				x.forget(r)
			}
		}
		return
	}
	facts := x.g.FactsOf(&Inst{Instruction: *u.Instruction, Form: u.Form})
	x.begin()
	for r, v := range before {
		n, known := v.Constant()
		switch {
		case r == machine.SP:
		case known && !facts.Changes.Has(r):
			x.s.Registers[r] = machine.Number(x.g.Bits, n)
		default:
			x.forget(r)
		}
	}
}

// done carries out an instruction that works on numbers alone and goes on behind
// itself. Where it is not such a one, it may leave the state in disorder.
func (x *straight) done(u *unit) bool {
	for i := range u.Instruction.Operands {
		for _, t := range u.Instruction.Operands[i].Value.Terms() {
			if t.Kind != lang.RegisterTerm {
				return false // an address, which is not settled yet
			}
		}
	}
	if u.Form.Flow() != x86.Next {
		return false
	}
	in := x86.Decoded{Instruction: *u.Instruction, Form: u.Form, Length: int(u.Size)}
	next := x.t.Add(x.s.IP, machine.Number(x.g.Bits, uint64(u.Size)))
	return x.s.Step(&in).Kind == machine.Done && x.s.IP == next
}
