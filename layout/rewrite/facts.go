package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// The forward analysis: what is known at each point of the program, whatever
// the arguments, the environment and the kernel's answers are.
//
// It begins with the state at process entry and carries states along the ways
// of control, until nothing changes any more. Where ways meet, what differs
// becomes an unknown that belongs to that place. This ends: at each place the
// registers fall into groups of equal value, which only ever split, and of each
// unknown less and less is known.

// subroutine is what the program calls.
type subroutine struct {
	entry *flow.Block
	index int
	in    state // at its first instruction, whoever calls
	out   state // behind its RET
	pops  int64 // bytes of arguments that its RET takes from the stack
}

// analysis is the result of the forward analysis of a program.
type analysis struct {
	s  *shortener
	t  *table
	in map[*flow.Block]*state
	// index numbers the first instruction of each block in the program.
	index       map[*flow.Block]int
	subroutines []*subroutine
	byEntry     map[*flow.Block]*subroutine
	// escaped is the lowest address that the program may have stored somewhere
	// or given to the kernel to keep, as a distance from the stack pointer at
	// entry.
	escaped int64
	// wild is set where something may write to any part of the stack.
	wild bool
	// below is set where the program may use memory below its stack pointer.
	below bool
	// unclear is set where the program does what this analysis does not see
	// through: nothing may be rewritten.
	unclear bool
	// local is set where blocks are looked at each by itself (long.go).
	local bool
	again bool // a fact that states depend on became weaker
	// outcomes are the numbers that the instruction being carried over may put
	// into registers, where they are few.
	outcomes [registers]few
	memo     []result // by the number of the instruction
	through  []passed // by block
	weaker   int      // how often a fact became weaker on which states depend, those of unknowns aside
}

func (s *shortener) analyze() *analysis {
	a := &analysis{
		s: s, t: newTable(s.bits), in: map[*flow.Block]*state{}, index: map[*flow.Block]int{},
		byEntry: map[*flow.Block]*subroutine{}, escaped: farAbove,
	}
	a.t.lowAddrs = s.options.LowAddresses
	n := 0
	for _, b := range s.g.Blocks {
		a.in[b] = &state{}
		a.index[b] = n
		n += len(b.Code) + 1
		for i := range b.Code {
			if in := &b.Code[i]; isCall(in) && a.byEntry[in.Target] == nil {
				f := &subroutine{entry: in.Target, index: len(a.subroutines), pops: -1}
				a.subroutines = append(a.subroutines, f)
				a.byEntry[in.Target] = f
			}
			for k := range b.Code[i].Operands {
				if n, ok := at(&b.Code[i], k).number(); ok {
					a.t.stop(uint64(n))
				}
			}
		}
	}
	a.memo, a.through = make([]result, n), make([]passed, len(s.g.Blocks))
	a.t.outdated = make([]bool, len(s.g.Blocks))
	for round := 0; ; round++ {
		a.t.changed, a.again = false, false
		changed := a.pass()
		if a.unclear || !changed && !a.t.changed && !a.again {
			return a
		}
		if round > maxRounds {
			a.unclear = true
			return a
		}
	}
}

// passed is what a block was gone through with.
type passed struct {
	in     state
	weaker int // of the analysis
}

// pass carries all states one step on.
func (a *analysis) pass() bool {
	changed := a.t.join(a.in[a.s.g.Entry], a.start(), a.s.g.Entry.ID, joinedAt)
	for _, f := range a.subroutines {
		if f.in.reached {
			changed = a.t.join(a.in[f.entry], &f.in, f.entry.ID, joinedAt) || changed
		}
	}
	for i, b := range a.s.g.Blocks {
		in := a.in[b]
		if !in.reached {
			continue
		}
		a.s.budget.left -= int64(len(b.Code))
		if last := &a.through[i]; !a.t.outdated[i] && last.weaker == a.weaker && last.in.equal(in) {
			continue // all would be as the last time
		}
		a.through[i], a.t.outdated[i], a.t.reading = passed{*in, a.weaker}, false, i
		s := *in
		for i := range b.Code {
			inst := &b.Code[i]
			a.stale(&s, a.index[b]+i)
			if isCall(inst) {
				changed = a.call(&s, inst, a.index[b]+i) || changed
				continue
			}
			if inst.Form.Flow() == x86.Return {
				changed = a.ret(&s, inst) || changed
				continue
			}
			if isBranch(inst) {
				taken := s
				a.edge(&taken, inst, true, a.index[b]+i)
				changed = a.enter(inst.Target, &taken, a.index[b]+i) || changed
				a.edge(&s, inst, false, a.index[b]+i)
				continue
			}
			a.step(&s, inst, a.index[b]+i)
			if !s.reached {
				break
			}
		}
		if s.reached && b.Next != nil {
			changed = a.enter(b.Next, &s, a.index[b]+len(b.Code)) || changed
		}
	}
	a.t.reading = nobody
	return changed
}

// enter carries a state to the beginning of a block. Where a subroutine goes to
// the beginning of another one, with its own return address on top of the stack,
// that is a call and a return at once.
func (a *analysis) enter(b *flow.Block, s *state, index int) bool {
	f := a.byEntry[b]
	top := s.r[sp]
	k := a.t.list[top.unknown].key
	if f == nil || top.unknown == 0 || k.kind != enteredWith || k.b != sp || top.offset != 0 || k.a == f.index {
		return a.t.join(a.in[b], s, b.ID, joinedAt)
	}
	t := *s
	a.stale(&t, index)
	changed := a.callOf(&t, f, index, 0)
	if !t.reached {
		return changed
	}
	if f.pops > 0 {
		a.unclear = true
		return changed
	}
	return a.leave(&t, a.subroutines[k.a], 0) || changed
}

// start is the state at process entry (linux.Entry).
func (a *analysis) start() *state {
	s := &state{reached: true, forward: true}
	s.r[sp] = a.t.make(unknownKey{kind: stackStart}, unknown{pointer: true})
	s.flags = flagFact{} // all clear, which is the result of no instruction
	return s
}

// call carries the state over a call of a subroutine.
func (a *analysis) call(s *state, in *flow.Inst, index int) bool {
	return a.callOf(s, a.byEntry[in.Target], index, uint64(a.s.bits/8))
}

// callOf carries the state over a call of f that pushes a return address of
// some bytes, or none where there is one already.
func (a *analysis) callOf(s *state, f *subroutine, index int, pushed uint64) bool {
	before := *s
	inner := before
	inner.r[sp] = a.t.add(inner.r[sp], -pushed)
	if pushed > 0 {
		a.touch(&inner, inner.r[sp], int64(pushed), true)
	}
	inner.slots, inner.nonzero = nil, nil
	inner.flags = flagFact{}
	// Inside, each register's value has a name of its own, by which ret tells
	// what the subroutine preserves.
	for i := range inner.r {
		if _, address := a.t.ref(inner.r[i]); !address && inner.r[i].unknown != 0 {
			inner.r[i] = a.t.make(unknownKey{enteredWith, f.index, i}, a.t.facts(inner.r[i]))
		}
	}
	changed := false
	if !f.in.reached {
		f.in = inner
		changed = true
	} else {
		for i := range inner.r {
			if f.in.r[i] != inner.r[i] {
				k := unknownKey{enteredWith, f.index, i}
				a.t.make(k, a.t.facts(f.in.r[i]))
				v := a.t.make(k, a.t.facts(inner.r[i]))
				if f.in.r[i] != v {
					f.in.r[i] = v
					changed = true
				}
			}
		}
		if f.in.forward && !inner.forward {
			f.in.forward = false
			changed = true
		}
	}
	if !f.out.reached {
		s.reached = false
		return changed
	}
	*s = f.out
	s.nonzero = nil
	a.t.replace(s, func(id int32) bool {
		k := a.t.list[id].key
		return !a.t.fixed(id) && !(k.kind == enteredWith && k.a == f.index)
	}, func(leader int) unknownKey { return unknownKey{returnedIn, index, leader} })
	for i := range s.r {
		if v := s.r[i]; v.unknown != 0 {
			if k := a.t.list[v.unknown].key; k.kind == enteredWith && k.a == f.index {
				s.r[i] = a.t.add(before.r[k.b], v.offset)
			}
		}
	}
	s.r[sp] = a.t.add(before.r[sp], uint64(max(f.pops, 0)))
	s.flags = flagFact{}
	s.slots = before.slots
	if a.wild {
		s.slots = nil
	}
	return changed
}

// ret carries the state to where the subroutine was called.
func (a *analysis) ret(s *state, in *flow.Inst) bool {
	v := s.r[sp]
	k := a.t.list[v.unknown].key
	if v.unknown == 0 || k.kind != enteredWith || k.b != sp || v.offset != 0 || len(in.Prefixes) != 0 {
		a.unclear = true // it goes somewhere else
		return false
	}
	f := a.subroutines[k.a]
	pops := int64(0)
	if n, ok := at(in, 0).number(); ok {
		pops = n
	}
	return a.leave(s, f, pops)
}

// leave carries the state behind a RET of f that takes pops bytes of arguments
// from the stack to where f was called.
func (a *analysis) leave(s *state, f *subroutine, pops int64) bool {
	if f.pops >= 0 && f.pops != pops {
		a.unclear = true
		return false
	}
	f.pops = pops
	out := *s
	out.slots = nil
	// An index of its own beside those of the blocks.
	changed := a.t.join(&f.out, &out, -1-f.index, joinedAt)
	if changed {
		a.weaker++
	}
	return changed
}

// edge changes the state to what it is where a branch is taken or not.
func (a *analysis) edge(s *state, in *flow.Inst, taken bool, index int) {
	switch n := name(in); n {
	case "jcxz", "jecxz", "jrcxz":
		switch full := n != "jcxz" && (a.s.bits == 32) == (n == "jecxz"); {
		case taken && full:
			a.refine(s, s.r[cx], 0)
		case !taken:
			s.differs(s.r[cx])
		}
	case "loop", "loope", "loopz", "loopne", "loopnz":
		if len(in.Operands) > 1 {
			s.r[cx] = a.t.make(unknownKey{resultOf, index, cx}, a.unclearPointer())
			return
		}
		s.r[cx] = a.t.add(s.r[cx], a.t.mask())
		switch {
		case taken:
			s.differs(s.r[cx])
		case n == "loop":
			a.refine(s, s.r[cx], 0)
		}
	default:
		if cond, ok := conditionOf(in); ok {
			a.assume(s, cond, taken, index)
		}
	}
}

// assume changes the state to what it is where a condition holds or not.
func (a *analysis) assume(s *state, cond x86.Condition, holds bool, index int) {
	if cond&1 == 1 {
		cond, holds = cond&^1, !holds
	}
	f := s.flags
	if f.kind == flagsUnknown {
		return
	}
	l := limit(f.size)
	if f.size*8 != a.s.bits && a.t.facts(f.v).zeros|l != all {
		return
	}
	equal := uint64(0)
	if f.kind == flagsCompare {
		equal = f.with & l
	}
	switch {
	case cond == x86.IfEqual && holds:
		a.refine(s, f.v, equal)
	case cond == x86.IfEqual && equal == 0:
		s.differs(f.v)
	case f.kind == flagsCompare:
		a.compared(s, cond, holds, equal, index)
	case f.kind == flagsResult && !holds && (cond == x86.IfNegative || f.overflowClear && (cond == x86.IfLess || cond == x86.IfLessOrEqual)):
		a.bound(s, f.v, l>>1, index*2)
	}
}

// compared changes the state to what it is where a value is below a number that it
// was compared with, not above it, or neither.
func (a *analysis) compared(s *state, cond x86.Condition, holds bool, with uint64, index int) {
	v := s.flags.v
	switch {
	case cond == x86.IfBelow && holds && with == 1:
		a.refine(s, v, 0)
	case cond == x86.IfBelow && holds && with > 0:
		a.bound(s, v, with-1, index*2+1)
	case cond == x86.IfBelow && !holds && with > 0:
		s.differs(v)
	case cond == x86.IfBelowEqual && holds:
		a.bound(s, v, with, index*2+1)
	}
}

// refine sets all registers with the value v to the number n: they have it here.
func (a *analysis) refine(s *state, v value, n uint64) {
	if v.unknown == 0 {
		return
	}
	for i := range s.r {
		if s.r[i].unknown == v.unknown && i != sp {
			s.r[i] = number((n + s.r[i].offset - v.offset) & a.t.mask())
		}
	}
	if s.flags.v.unknown == v.unknown {
		s.flags.v = number((n + s.flags.v.offset - v.offset) & a.t.mask())
	}
}

// bound tells that v, of which the flags tell, is at most n here.
func (a *analysis) bound(s *state, v value, n uint64, edge int) {
	f := a.t.facts(v)
	if v.unknown == 0 || a.t.fixed(v.unknown) || f.zeros|zerosUpTo(n) == f.zeros {
		return
	}
	f.zeros |= zerosUpTo(n)
	own := -2 - edge // no index of an instruction
	a.t.replace(s, func(id int32) bool {
		k := a.t.list[id].key
		return k.a == own && (k.kind == refinedOn || k.kind == staleOf)
	}, func(leader int) unknownKey { return unknownKey{staleOf, own, leader} })
	v = s.flags.v
	if s.flags.kind == flagsUnknown {
		return
	}
	// v becomes another unknown; what is some distance from v keeps its name.
	w := a.t.make(unknownKey{refinedOn, own, 0}, f)
	for i := range s.r {
		if s.r[i] == v && i != sp {
			s.r[i] = w
		}
	}
	s.flags.v = w
}

// unclearPointer is what is known of a number that might be any address.
func (a *analysis) unclearPointer() unknown {
	return unknown{pointer: true, low: farBelow, high: farAbove}
}

// forget makes a register hold a new unknown.
func (a *analysis) forget(s *state, r, index int, f unknown) {
	s.r[r] = a.fresh(index, r, f)
}

// stale gives another name to what an instruction put out the last time, before
// it does so again.
func (a *analysis) stale(s *state, index int) {
	a.t.replace(s, func(id int32) bool {
		k := a.t.list[id].key
		return k.a == index && (k.kind == resultOf || k.kind == returnedIn || k.kind == staleOf)
	}, func(leader int) unknownKey { return unknownKey{staleOf, index, leader} })
}

// fresh makes the unknown that an instruction puts out. f may be what is known of
// another one that differs in some bits.
func (a *analysis) fresh(index, output int, f unknown) value {
	f.few = few{}
	if list := a.outcomes[output]; list.count > 0 {
		f = unknown{few: list, zeros: ^(list.numbers[0] | list.numbers[list.count-1])}
	}
	return a.t.make(unknownKey{resultOf, index, output}, f)
}

// step carries the state over an instruction that goes on behind itself.
func (a *analysis) step(s *state, in *flow.Inst, index int) {
	if isSystemCall(in) {
		a.kernel(s, in, index)
		return
	}
	e := a.s.effect(in)
	if e.odd {
		a.odd(s, in, &e, index)
		return
	}
	a.memory(s, in, &e)
	n := name(in)
	out, flags := a.results(s, in, &e, n, index)
	for _, o := range out {
		s.r[o.number] = o.v
	}
	if e.flagsWritten&(x86.CF|x86.PF|x86.ZF|x86.SF|x86.OF) != 0 {
		s.flags = flags
	}
	if e.stack {
		// What lies below the stack pointer is forgotten.
		s.slots = without(s.slots, func(x slot) bool { return a.atLeast(x.address, s.r[sp]) })
	}
	if e.flagsWritten&x86.DF != 0 {
		s.forward = n == "cld"
	}
}

// result is what came of an instruction that depends on nothing but registers.
type result struct {
	in     *flow.Inst
	inputs []input
	out    []output
	flags  flagFact
}

// input is a register that an instruction depends on, with what was known of it.
type input struct {
	v     value
	known unknown
}

// results returns the values of the registers that an instruction writes, and what the
// flags tell behind it. The passes of the analysis ask for the same over and over.
func (a *analysis) results(s *state, in *flow.Inst, e *effect, n string, index int) ([]output, flagFact) {
	if !e.pure() || e.flagsRead != 0 || index < 0 || index >= len(a.memo) {
		return a.carryOut(s, in, e, n, index)
	}
	m := &a.memo[index]
	same, k := m.in == in, 0
	inputs := m.inputs[:0]
	for r := range registers {
		if (e.reads | e.writes).of(r) == 0 {
			continue
		}
		i := input{v: s.r[r]}
		if i.v.unknown > 0 {
			i.known = a.t.look(i.v.unknown)
		}
		same = same && k < len(m.inputs) && m.inputs[k] == i
		inputs = append(inputs, i)
		k++
	}
	if same {
		return m.out, m.flags
	}
	out, flags := a.carryOut(s, in, e, n, index)
	*m = result{in, inputs, append(m.out[:0], out...), flags}
	return out, flags
}

// carryOut does what results says.
func (a *analysis) carryOut(s *state, in *flow.Inst, e *effect, n string, index int) ([]output, flagFact) {
	a.outcomes = a.fewResults(s, in, e, n)
	out, flags := a.evaluate(s, in, e, n, index)
	set := parts(0)
	for _, o := range out {
		set |= whole(o.number)
	}
	// What is written and not evaluated is unknown.
	for r := range registers {
		if e.writes.of(r) != 0 && set.of(r) == 0 {
			out = append(out, output{r, a.fresh(index, r, a.left(s, e, r))})
		}
	}
	a.outcomes = [registers]few{}
	return out, flags
}

// left is what is known of a register into which an instruction writes what is not
// known.
func (a *analysis) left(s *state, e *effect, r int) unknown {
	w := e.writes.of(r)
	if w&^partWord == 0 {
		// The rest stays.
		f := a.t.facts(s.r[r])
		if f.pointer {
			return a.unclearPointer()
		}
		f.zeros &^= masks(w)
		return f
	}
	if r == sp || e.load && a.escaped != farAbove {
		return a.unclearPointer()
	}
	return a.inputs(s, e)
}

// fewResults finds the registers into which an instruction puts one of two
// numbers: because what it works on is one of two, or because it spreads a bit.
func (a *analysis) fewResults(s *state, in *flow.Inst, e *effect, n string) (results [registers]few) {
	word := a.s.bits / 8
	x, ok := at(in, 0).register()
	switch {
	case n == "cdq" && word == 4 || n == "cqo" && word == 8:
		results[dx] = fewOf(0, a.t.mask())
	case n == "sar" && ok && x.size == word:
		if count, ok := at(in, 1).number(); ok && count == int64(a.s.bits-1) {
			results[x.number] = fewOf(0, a.t.mask())
		}
	}
	if !e.pure() || e.flagsRead != 0 {
		return results
	}
	// Of several registers that are not known all must hold the same.
	var v value
	for r := range registers {
		if _, known := s.r[r].number(); e.reads.of(r) == 0 || known {
			continue
		}
		if v.unknown != 0 && v != s.r[r] {
			return results
		}
		v = s.r[r]
	}
	list := a.t.few(v)
	if v.unknown == 0 || len(list) != 2 {
		return results
	}
	var found [2][registers]value
	for k, number := range list {
		t := s.with(v, number)
		t.flags = flagFact{}
		out, _ := a.evaluate(&t, in, e, n, triedHere)
		for r := range registers {
			found[k][r] = value{-1, 0}
		}
		for _, o := range out {
			found[k][o.number] = o.v
		}
	}
	for r := range registers {
		x, ok1 := found[0][r].number()
		y, ok2 := found[1][r].number()
		if ok1 && ok2 {
			results[r] = fewOf(x, y)
		}
	}
	return results
}

// triedHere numbers an instruction whose results are only looked at.
const triedHere = -1 << 30

// inputs tells whether an instruction works on what may be an address of the
// stack.
func (a *analysis) inputs(s *state, e *effect) unknown {
	for r := range registers {
		if e.reads.of(r)&(partLong|partAll)&^partWord != 0 && a.t.facts(s.r[r]).pointer {
			return a.unclearPointer()
		}
	}
	return unknown{}
}

// odd carries the state over an instruction that is not looked into.
func (a *analysis) odd(s *state, in *flow.Inst, e *effect, index int) {
	for _, o := range in.Operands {
		if r := x86.RegisterInfo(o.Register); o.Kind == x86.RegisterOperand && r != nil && r.Class == x86.Segment {
			a.unclear = true
		}
	}
	a.below = true
	a.makeWild()
	for r := range registers {
		if e.writes.of(r) != 0 {
			a.forget(s, r, index, a.unclearPointer())
		}
	}
	s.flags, s.slots, s.forward = flagFact{}, nil, s.forward && e.flagsWritten&x86.DF == 0
}

// kernel carries the state over a system call.
func (a *analysis) kernel(s *state, in *flow.Inst, index int) {
	calls := a.callsOf(s.r[ax])
	if len(calls) == 0 {
		a.passes(s, nil)
	}
	// What does not return leaves nothing.
	known := len(calls) > 0
	if calls = slices.DeleteFunc(calls, (*linux.Syscall).NoReturn); known && len(calls) == 0 {
		s.reached = false
		return
	}
	plain := known
	for _, call := range calls {
		a.passes(s, call)
		plain = plain && call.Result != linux.Jump && call.Result != linux.Twice
	}
	if a.escaped != farAbove {
		s.slots = nil
		a.makeWild()
	}
	writes := a.s.kernelWrites()
	for r := range registers {
		if writes.of(r) != 0 {
			a.forget(s, r, index, unknown{})
		}
	}
	if !plain {
		a.forget(s, sp, index, a.unclearPointer())
		s.slots = nil
		a.makeWild()
		a.below = true
	}
}

// passes notes which addresses of the stack a system call gets, and what it may
// do there; call is nil where it is not known.
func (a *analysis) passes(s *state, call *linux.Syscall) {
	if call != nil {
		call = a.command(s, call)
	}
	for i, r := range a.s.arguments {
		f := a.t.facts(s.r[r])
		kind := linux.Opaque
		if call != nil {
			args := call.Args(a.s.abi)
			if i >= len(args) {
				break
			}
			kind = args[i].Kind
			if args[i].Indirect || args[i].Kind == linux.Gather || args[i].Kind == linux.Scatter {
				kind = linux.Opaque
			}
		}
		if !f.pointer || !kind.Memory() {
			continue
		}
		if kind == linux.Opaque {
			a.escape(f.low)
		}
		a.reach(s, s.r[r], f)
		if kind.Writes() {
			a.makeWild()
			s.slots = nil
		}
	}
}
