package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/machine"
)

// What is known behind an instruction. Package machine carries it out on terms that
// stand for what is known in front of it: a value of the analysis is an unknown plus a
// number, which is a term, and so is what comes out where nothing is lost. Of any other
// term the bits remain that may be set, and whether it may be an address of the stack.

// domain is what the analyses carry instructions out in.
type domain struct {
	terms *machine.Terms
	blank *machine.State // nothing is known of its registers and flags
	made  map[bounded]machine.Term
	x     evaluation // the one that is carried out
}

// The numbers of unknowns of package machine: those of the analysis that are in front of
// an instruction are numbered from 1, words that are loaded downwards from -1, and these
// are neither.
const (
	someRegister = 1<<16 + iota<<8
	someFlag
	someAddress
	noValue
)

// domain returns what analyses of code of a mode are made in.
func (s *shortener) domain() *domain {
	if d := *s.caches.domain; d != nil && d.terms.Count() < maxTerms {
		return d
	}
	t := machine.NewTerms()
	d := &domain{terms: t, blank: machine.NewState(t, s.bits), made: map[bounded]machine.Term{}}
	some := func(number, width int) machine.Term { return d.unknown(bounded{number, width, 0}) }
	d.blank.IP = some(someAddress, s.bits)
	for r := range d.blank.Registers {
		d.blank.Registers[r] = some(someRegister+r, s.bits)
	}
	for i, f := range []x86.FlagSet{x86.CF, x86.PF, x86.AF, x86.ZF, x86.SF, x86.OF, x86.DF} {
		d.blank.SetFlag(f, some(someFlag+i, 1))
	}
	x := &d.x
	x.m = *d.blank
	x.m.Load, x.m.Store, x.m.Symbol = x.load, x.store, x.symbol
	*s.caches.domain = d
	return d
}

// bounded is an unknown by its number, of which some bits are zero.
type bounded struct {
	number, width int
	zeros         uint64
}

func (d *domain) unknown(b bounded) machine.Term {
	t, ok := d.made[b]
	if !ok {
		t = d.terms.Unknown(machine.Unknown{Origin: machine.Input, Width: b.width, Index: int64(b.number), Of: machine.Number(b.width, ^b.zeros)})
		d.made[b] = t
	}
	return t
}

// output is a register's value behind an instruction.
type output struct {
	number int
	v      value
}

// evaluation is an instruction that is carried out on what is known in a state.
type evaluation struct {
	*analysis
	s      *state
	in     *flow.Inst
	index  int
	pushes bool      // it writes where the stack pointer will point to
	pops   bool      // it reads from there
	inputs []int32   // unknowns of the analysis, by number
	loaded []unknown // by number
	m      machine.State
	code   x86.Decoded
	out    [registers]output
}

// evaluate works out what an instruction puts into registers and what the flags
// tell behind it. What it does not name is not known.
func (a *analysis) evaluate(s *state, in *flow.Inst, e *effect, n string, index int) ([]output, flagFact) {
	if in.Repeated() {
		return a.repeated(s, e, n, index), flagFact{}
	}
	d := a.s.domain()
	x := &d.x
	x.analysis, x.s, x.in, x.index, x.inputs, x.loaded = a, s, in, index, x.inputs[:0], x.loaded[:0]
	x.pushes, x.pops = n == "push", n == "pop" || n == "leave"
	if n == "pop" && at(in, 0).memory() {
		a.makeWild() // the address may depend on the stack pointer
		s.slots = nil
	}
	x.m.ForgetFlags()
	if e.flagsRead != 0 {
		x.m.TakeFlags(d.blank)
	}
	for r := range registers {
		if (e.reads | e.writes).of(r) != 0 {
			x.m.Registers[r] = x.term(s.r[r])
		}
	}
	if s.forward {
		x.m.SetFlag(x86.DF, machine.Number(1, 0))
	}
	if x.m.Known = nil; n == "div" || n == "idiv" {
		x.m.Known = noException
	}
	r, _ := at(in, 0).register()
	before := x.m.Registers[r.number]
	x.code = x86.Decoded{Instruction: in.Instruction, Form: in.Form, Length: 1}
	if x.m.Step(&x.code).Kind != machine.Done {
		return nil, flagFact{}
	}
	out := x.out[:0]
	for r := range registers {
		if e.writes.of(r) != 0 {
			out = append(out, output{r, x.value(x.m.Registers[r], r, n)})
		}
	}
	if e.flagsWritten&arithmeticFlags == 0 {
		return out, flagFact{}
	}
	return out, x.flags(out, before)
}

// noException says of the condition on which a division raises one that it does not
// hold: else nothing comes behind.
func noException(machine.Term) (bool, bool) { return false, true }

// term returns the term that stands for a value.
func (x *evaluation) term(v value) machine.Term {
	bits, d := x.t.bits, *x.analysis.s.caches.domain
	switch {
	case v.unknown == 0:
		return machine.Number(bits, v.offset)
	case v.unknown < 0:
		return d.unknown(bounded{noValue - int(v.unknown), bits, 0})
	}
	k := slices.Index(x.inputs, v.unknown)
	if k < 0 {
		k = len(x.inputs)
		x.inputs = append(x.inputs, v.unknown)
	}
	t := d.unknown(bounded{k + 1, bits, x.t.look(v.unknown).zeros})
	if v.offset == 0 {
		return t
	}
	return d.terms.Add(t, machine.Number(bits, v.offset))
}

// affine returns the value that a term stands for, and false where it is no number and
// no unknown of the analysis plus a number.
func (x *evaluation) affine(t machine.Term) (value, bool) {
	if n, ok := t.Constant(); ok {
		return number(n), true
	}
	u, offset, ok := t.Affine()
	if !ok || u.Origin != machine.Input || u.Index <= 0 || u.Index >= someRegister {
		return value{-1, 0}, false
	}
	return value{x.inputs[u.Index-1], offset}, true
}

// value returns what is known of a term that a register holds behind the instruction.
func (x *evaluation) value(t machine.Term, register int, n string) value {
	if v, ok := x.affine(t); ok {
		return v
	}
	f := unknown{}
	switch u, offset, ok := t.AsUnknown(); {
	case ok && offset == 0 && u.Origin == machine.Input && u.Index < 0:
		f = x.loaded[-u.Index-1]
	case x.mayPointTo(t):
		f = x.near(n)
	}
	if !f.pointer {
		f.zeros |= ^t.Maybe()
	}
	return x.fresh(x.index, register, f)
}

// mayPointTo reports whether a term may be an address of the stack: whether more than
// the low word of such an address is in it.
func (x *evaluation) mayPointTo(t machine.Term) bool {
	found := false
	t.Visit(func(y machine.Term, low, width int) bool {
		if found || width == 1 || low+width <= 16 {
			return false
		}
		switch u, _, ok := y.AsUnknown(); {
		case !ok || u.Origin != machine.Input:
		case u.Index < 0:
			found = x.loaded[-u.Index-1].pointer
		case u.Index < someRegister:
			found = x.t.look(x.inputs[u.Index-1]).pointer
		}
		return true
	})
	return found
}

// near is what is known of a result that may be an address of the stack.
func (x *evaluation) near(n string) unknown {
	y := at(x.in, 1)
	r, _ := at(x.in, 0).register()
	f := x.unclearPointer()
	switch {
	case r.size*8 != x.t.bits:
	case n == "lea":
		if _, g := x.effective(x.s, y); g.pointer {
			f = g
		}
	case n == "and":
		mask, ok := y.number()
		if d := x.t.signed(uint64(mask)); ok && d < 0 && d > -4096 {
			// Rounded down.
			g := x.t.facts(x.s.r[r.number])
			f = unknown{pointer: true, low: clamp(g.low + d + 1), high: g.high}
		}
	}
	return f
}

// symbol returns the address in an operand.
func (x *evaluation) symbol(i, _ int) machine.Term {
	if x.in.Refs[i].IsZero() {
		return machine.Term{}
	}
	return x.term(x.t.address(x.in.Refs[i]))
}

// load returns what is known of a word in memory.
func (x *evaluation) load(address machine.Term, width int) machine.Term {
	v, _ := x.affine(address)
	if x.pops && v.unknown > 0 {
		if k := x.t.list[v.unknown].key; k.kind == enteredWith && k.b == sp && v.offset == 0 {
			x.unclear = true // takes its return address
		}
	}
	f := unknown{}
	if width == x.t.bits {
		if content, ok := x.slot(x.s, v); ok {
			return x.term(content)
		}
		f = x.wordAt(v)
	}
	x.loaded = append(x.loaded, f)
	return (*x.analysis.s.caches.domain).unknown(bounded{-len(x.loaded), width, f.zeros})
}

// wordAt is what is known of a word loaded from the address v.
func (a *analysis) wordAt(v value) unknown {
	if a.escaped != farAbove {
		return a.unclearPointer()
	}
	if v.unknown > 0 && a.t.list[v.unknown].key.kind == stackStart && v.offset == 0 {
		return unknown{zeros: zerosUpTo(argcBound)} // argc
	}
	return unknown{}
}

// argcBound bounds argc: the addresses of the arguments take no more than a
// quarter of the stack's limit or 6 MiB (fs/exec.c bprm_stack_limits).
const argcBound = 1 << 24

// store notes what a word of the stack holds from now on.
func (x *evaluation) store(address, content machine.Term) {
	to, known := x.affine(address)
	size := content.Width() / 8
	if x.pushes {
		x.touch(x.s, to, int64(size), true)
	}
	v, ok := x.affine(content)
	if !ok || !known || size*8 != x.t.bits || x.in.DontCare != 0 || len(x.s.slots) >= maxSlots || !x.pushes && !x.t.facts(to).pointer {
		return
	}
	if !x.local {
		x.s.slots = append(slices.Clip(x.s.slots), slot{to, v})
	}
}

// slot returns the known content of the word at an address.
func (a *analysis) slot(s *state, address value) (value, bool) {
	for _, x := range s.slots {
		if x.address == address {
			return x.content, true
		}
	}
	return value{}, false
}

// repeated is what a string instruction with a repeat prefix leaves in the registers
// that it counts with.
func (a *analysis) repeated(s *state, e *effect, n string, index int) []output {
	var out []output
	for _, r := range []int{si, di} {
		if e.writes.of(r) != 0 && s.forward {
			f := a.t.facts(s.r[r])
			f.zeros, f.high = 0, farAbove
			out = append(out, output{r, a.fresh(index, r, f)})
		}
	}
	if n[:4] != "cmps" && n[:4] != "scas" {
		return append(out, output{cx, number(0)})
	}
	// It counts down.
	f := a.t.facts(s.r[cx])
	f.pointer, f.zeros = false, zerosUpTo(a.t.most(s.r[cx]))
	return append(out, output{cx, a.fresh(index, cx, f)})
}

func limit(size int) uint64 { return uint64(1)<<(8*size-1)<<1 - 1 }

const all = ^uint64(0)

// flags returns what the flags tell of the register that the instruction works on.
func (x *evaluation) flags(out []output, before machine.Term) flagFact {
	r, ok := at(x.in, 0).register()
	from := x.m.FlagSource()
	if !ok || r.high || from.Set&^(x86.CF|x86.OF|x86.AF) != x86.ZF|x86.SF|x86.PF {
		return flagFact{}
	}
	t := x.m.Terms
	low := func(whole machine.Term) machine.Term { return t.Extract(whole, 0, 8*r.size) }
	f := flagFact{size: r.size, v: x.s.r[r.number]}
	for _, o := range out {
		if o.number == r.number {
			f.v = o.v
		}
	}
	unchanged := before == x.m.Registers[r.number] && from.X == low(before)
	if with, ok := from.Y.Constant(); ok && with != 0 && from.Subtracted && unchanged {
		f.kind, f.with = flagsCompare, with
		return f
	}
	if from.Result != low(x.m.Registers[r.number]) {
		return flagFact{}
	}
	clear := func(flag x86.FlagSet) bool { n, ok := x.m.Flag(flag).Constant(); return ok && n == 0 }
	f.kind, f.carryClear, f.overflowClear = flagsResult, clear(x86.CF), clear(x86.OF)
	return f
}
