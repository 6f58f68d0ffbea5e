package equiv

import "tasm/machine"

// Few choices. Where an instruction uses an address that can be one of a few, such as
// an entry of a table of jumps, each of them is a case for itself.

// choice returns a condition on which an address depends: that one of its parts has one
// of a few values, or what selects one of two. It is known to hold if that is the last
// of the values. There is none where ok is false.
func (w *world) choice(address machine.Term) (condition machine.Term, holds, ok bool) {
	w.facts.Simplify(address).Parts(func(_ uint64, part machine.Term) {
		if ok {
			return
		}
		if condition, ok = part.Selector(); ok {
			_, known := w.facts.Decide(condition)
			ok = !known
			return
		}
		left := w.possible(part)
		if holds = len(left) == 1; len(left) > 0 {
			condition, ok = left[0], true
		}
	})
	return condition, holds, ok
}

// possible returns the conditions that a term has one of its values, where these are
// few; what is known to have one only, and what may have many, has none.
func (w *world) possible(x machine.Term) []machine.Term {
	var list []machine.Term
	n := uint64(0)
	values := w.facts.Values(x)
	for _, v := range values {
		if v[1]-v[0] >= maxChoices || n+v[1]-v[0] >= maxChoices {
			return nil
		}
		for k := v[0]; k <= v[1]; k++ {
			core, value := x.Core(k)
			is := w.terms.Equal(core, machine.Number(core.Width(), value))
			if truth, known := w.facts.Decide(is); !known || truth {
				list = append(list, is)
			}
			n++
		}
	}
	if n < 2 {
		return nil
	}
	return list
}

// unclear is what to do about an event that stopped a process because an address is not
// known, which is then as it was before: to go on with what is known put into its
// registers, or first to take the cases of a condition. It reports false where neither
// helps.
func (p *pair) unclear(process *process, e machine.Event) (condition machine.Term, ok bool) {
	if e.Kind != machine.Unclear {
		return machine.Term{}, false
	}
	address := process.IP
	if e.Refused != nil {
		address = e.Refused.Address
	}
	condition, holds, ok := p.choice(address)
	if !ok && p.facts.Simplify(address) == address {
		return machine.Term{}, false
	}
	if e.Refused != nil {
		*process.State = process.before
	}
	if holds {
		// Its other values are excluded.
		p.facts.Assume(condition, true)
		condition = machine.Term{}
	}
	return condition, p.settle() || ok && !holds
}

// settle puts what is known into the registers of both processes, and reports whether
// that has changed anything.
func (p *pair) settle() bool {
	changed := false
	put := func(x *machine.Term) {
		known := p.facts.Simplify(*x)
		changed = changed || known != *x
		*x = known
	}
	for _, process := range []*process{p.original, p.result} {
		for i := range process.Registers {
			put(&process.Registers[i])
		}
		put(&process.IP)
	}
	return changed
}
