package equiv

import (
	"maps"
	"slices"

	"tasm/machine"
)

// trust notes that an instruction of the original is taken not to leave an object, and
// whether its address may have been made from another one's.
func (d *induction) trust(r *route, o *object, doubtful bool) {
	at := addressOf(r.here[0])
	if d.trusted[at] == nil {
		d.trusted[at] = map[*object]bool{}
	}
	d.trusted[at][o] = d.trusted[at][o] || doubtful
}

// addressOf returns an address as it stands in the file.
func addressOf(ip machine.Term) int64 {
	_, at := ip.Split()
	return at
}

// tryTrust holds what was taken for granted against generated runs: an instruction
// that goes elsewhere there from the first was taken to use a wrong object. One that
// leaves its object later ends what the run means.
func (d *induction) tryTrust() {
	if len(d.trusted) == 0 {
		return
	}
	im := d.images[0]
	bias := int64(concreteBias(im))
	doubts := map[int64]map[*object]bool{}
	for at, objects := range d.trusted {
		doubts[at] = maps.Clone(objects)
	}
	for n := 0; n < trustRuns && d.failed == ""; n++ {
		s := newScript(n, im.numbers(), im.abi, d.assume)
		terms := machine.NewTerms()
		p, err := s.launch(terms, im)
		if err != nil {
			return
		}
		d.tryRun(s, p, bias, doubts)
	}
	for _, at := range slices.Sorted(maps.Keys(doubts)) {
		for _, doubtful := range doubts[at] {
			if doubtful {
				d.fail(nil, "the instruction at %#x may use one of two objects, and was not seen to run", at)
			}
		}
	}
}

// tryRun is one generated run of the original. Of doubts it drops what instructions were
// seen to use.
func (d *induction) tryRun(s *script, p *process, bias int64, doubts map[int64]map[*object]bool) {
	at, inside, left := int64(0), map[int64]bool{}, false
	try := func(low, size int64) {
		switch {
		case d.trusted[at] == nil || left:
		case d.trusts(at, low, size, doubts):
			inside[at] = true
		case inside[at]:
			left = true
		default:
			d.fail(nil, "the instruction at %#x uses another object than it seems to", at)
		}
	}
	p.Memory.Watch = func(a machine.Access) { try(a.Offset-bias, int64(a.Size)) }
	facts := machine.NewFacts(p.Terms)
	for n, bytes := 0, 0; n < trustSteps && bytes < trustBytes && !left; n++ {
		at = addressOf(p.IP) - bias
		in, _ := p.fetch()
		if in == nil {
			return
		}
		switch e := p.Step(in); e.Kind {
		case machine.Done:
		case machine.SystemCall:
			v := p.view(p.Call(e.ABI), facts)
			if v.unclear() != "" || v.Syscall != nil && v.Syscall.NoReturn() {
				return
			}
			for _, a := range v.args {
				if n, ok := a.value.Constant(); ok && a.Kind.Memory() && n != 0 {
					try(int64(n)-bias, 0)
				}
			}
			bytes += v.size()
			p.give(v, s.answer(v))
		default:
			return
		}
	}
}

// trusts reports whether an access is to an object that the instruction is taken not
// to leave, and drops that from the doubts.
func (d *induction) trusts(at, low, size int64, doubts map[int64]map[*object]bool) bool {
	for o := range d.trusted[at] {
		if low >= o.low && low+size <= o.high {
			delete(doubts[at], o)
			return true
		}
	}
	return false
}
