package rewrite

import (
	"strings"

	"tasm/codegen/x86"
	"tasm/flow"
)

// effect is what an instruction does with registers, flags and memory, without
// regard to their values.
type effect struct {
	reads  parts // what its work depends on
	writes parts // what may have another value afterwards
	kills  parts // what of that has another value in any case
	// The same of the flags.
	flagsRead, flagsWritten, flagsKilled x86.FlagSet
	load, store                          bool
	// stack is set where the stack pointer moves.
	stack bool
	flow  x86.Flow
	// odd is set for what is not looked into: it stays as it is, and nothing is
	// known behind it.
	odd bool
}

// pure reports whether nothing but registers and flags tells that the
// instruction ran: it has no effect on memory, raises no exception and goes on
// behind itself.
func (e *effect) pure() bool {
	return !e.load && !e.store && !e.stack && !e.odd && e.flow == x86.Next
}

// formFacts are the facts of a form, which the table keeps as text.
type formFacts struct {
	operands []x86.OperandForm
	implicit []x86.Implicit
	flags    x86.Flags
}

func (s *shortener) facts(f *x86.Form) *formFacts {
	if k := s.forms[f]; k != nil {
		return k
	}
	k := &formFacts{f.Operands(), f.Implicit(), f.Flags()}
	s.forms[f] = k
	return k
}

// plainNames are the instructions whose effect is what their form says, and
// nothing else: no exception, no state beyond registers, flags and memory.
var plainNames = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(`mov movsx movsxd movzx lea xchg xadd bswap push pop add or adc sbb and sub xor cmp test inc dec
		neg not mul imul cbw cwde cdqe cwd cdq cqo rol ror rcl rcr shl sal shr sar shld shrd bt bts btr btc bsf bsr
		movsb movsw movsd movsq cmpsb cmpsw cmpsd cmpsq stosb stosw stosd stosq lodsb lodsw lodsd lodsq scasb scasw scasd scasq
		clc stc cmc cld std lahf sahf nop xlat xlatb leave`) {
		m[n] = true
	}
	return m
}()

// effect returns the effect of an instruction. Calls of subroutines and of the
// kernel are not here: what they do depends on more than their form.
func (s *shortener) effect(in *flow.Inst) effect {
	f := s.facts(in.Form)
	n := name(in)
	e := effect{flow: in.Form.Flow()}
	e.flagsRead = f.flags.Read
	e.flagsWritten = f.flags.Changed()
	e.flagsKilled = e.flagsWritten
	if !plainNames[n] && !strings.HasPrefix(n, "set") && !strings.HasPrefix(n, "cmov") && e.flow == x86.Next {
		e.odd = n != "div" && n != "idiv"
		e.load = true // it may raise an exception
	}
	for i, o := range f.operands {
		if i < len(in.Operands) {
			s.operand(at(in, i), o.Access, &e)
		}
	}
	for _, x := range f.implicit {
		s.implicit(x, &e)
	}
	s.special(in, n, &e)
	if s.bits == 32 {
		e.reads &= lowParts
		e.writes &= lowParts
		e.kills &= lowParts
	}
	return e
}

// operand adds to an effect what is done with an operand.
func (s *shortener) operand(o operand, access x86.Access, e *effect) {
	if r, ok := o.register(); ok {
		s.access(r, access, e)
		return
	}
	if o.Kind == x86.RegisterOperand {
		e.odd = true // a segment register or the like
		return
	}
	if !o.memory() {
		return
	}
	a := o.address(s.bits)
	for _, r := range []int{a.base, a.index} {
		if r >= 0 {
			e.reads |= whole(r)
		}
	}
	e.odd = e.odd || x86.RegisterInfo(o.Memory.Segment) != nil
	e.load = e.load || access&x86.Read != 0
	e.store = e.store || access&(x86.Write|x86.Maybe) != 0
}

// implicit adds to an effect what is done with what no operand names.
func (s *shortener) implicit(x x86.Implicit, e *effect) {
	r, ok := registerOf(x.Register)
	if !ok {
		e.odd = true
		return
	}
	if x.Width != x86.Fixed {
		r.size = s.bits / 8
	}
	if !x.Memory {
		s.access(r, x.Access, e)
		return
	}
	e.reads |= r.parts()
	e.load = e.load || x.Access&x86.Read != 0
	e.store = e.store || x.Access&x86.Write != 0
}

// access adds to an effect that a register is read, written or both.
func (s *shortener) access(r register, access x86.Access, e *effect) {
	if access&(x86.Read|x86.Maybe) != 0 {
		e.reads |= r.parts()
	}
	if access&(x86.Write|x86.Maybe) == 0 {
		return
	}
	w := s.written(r)
	e.writes |= w
	if access&x86.Maybe == 0 {
		e.kills |= w
	}
	e.stack = e.stack || r.number == sp
}

// lowParts are the parts of the registers that 32-bit code has.
const lowParts parts = 0x7777777777777777 & (1<<32 - 1)

// written returns the parts that a write to r changes: one to 32 bits clears
// the upper half.
func (s *shortener) written(r register) parts {
	if r.size >= 4 {
		return whole(r.number)
	}
	return r.parts()
}

// special corrects an effect by what the table of forms does not tell.
func (s *shortener) special(in *flow.Inst, n string, e *effect) {
	for _, p := range in.Prefixes {
		e.odd = e.odd || !p.Repeats()
	}
	if in.Repeated() {
		// The count may be 0: then nothing happens.
		e.reads |= whole(cx) | e.writes
		e.writes |= whole(cx)
		e.kills = 0
		e.flagsKilled = 0
	}
	switch n {
	case "xor", "sub":
		x, ok1 := at(in, 0).register()
		y, ok2 := at(in, 1).register()
		if ok1 && ok2 && x == y {
			e.reads = 0
		}
	case "shl", "sal", "shr", "sar", "rol", "ror", "rcl", "rcr", "shld", "shrd":
		// By a count of 0 they change no flag; the count is taken modulo 32
		// or 64, so that a small number is what it says.
		count, ok := at(in, len(in.Operands)-1).number()
		if !ok || count < 1 || count > 7 {
			e.flagsKilled = 0
		}
	case "bsf", "bsr":
		// The destination keeps its value where the source is 0 (AMD's manual).
		e.reads |= e.writes
		e.kills = 0
	case "leave":
		e.stack = true
	case "bt", "bts", "btr", "btc":
		// With a register as bit number these reach beyond their operand.
		if at(in, 0).memory() {
			e.odd = true
		}
	}
	if e.odd {
		e.kills, e.flagsKilled = 0, 0
	}
}
