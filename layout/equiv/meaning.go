package equiv

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"tasm/linux"
	"tasm/machine"
)

// A program that reads or writes what lies outside its objects, or has the kernel
// do that, has no meaning from there on, as in other languages: what lies there is
// for the layout to choose. Up to there its behaviour is kept.

// Finding is a place at which the original may leave its objects.
type Finding struct {
	Address uint64 // of the instruction, as it stands in the file
	Text    string // a sentence: "if read fails, write gets a length of -14"
	Call    string // whose result leads there; "" if none does
}

// leaves reports whether an event is that of a program that leaves its objects.
func leaves(e machine.Event) bool {
	return e.Kind == machine.Fault && e.Exception == machine.PageFault && e.Refused != nil
}

// mapping reports whether a call may give the program memory, of which nothing is
// known here.
func (v callView) mapping() bool {
	return v.Syscall != nil && (v.Syscall.Result == linux.Pointer ||
		slices.ContainsFunc(v.args, func(a passed) bool { return a.Kind == linux.Map || a.Kind == linux.Opaque }))
}

// overrun is a buffer that is longer than the object that it begins in.
type overrun struct {
	arg    string
	length machine.Term // what the call was given as length
	room   uint64       // bytes of it that lie in the object
	exact  bool         // the kernel is sure to leave the object, if it does not fail
	write  bool
}

// overruns lists the buffers of a call that leave their objects.
func (v callView) overruns() []overrun {
	var list []overrun
	for _, a := range v.args {
		for _, r := range a.reads {
			if r.beyond {
				list = append(list, overrun{a.Name, r.length, uint64(len(r.bytes)), !r.open, false})
			}
		}
		for _, s := range a.writes {
			if s.beyond {
				list = append(list, overrun{a.Name, s.length, uint64(s.usable), false, true})
			}
		}
	}
	return list
}

// admit restricts the pair to the cases in which the original's call stays in its
// objects, and notes those in which it does not. It reports false where there are
// no others.
func (p *pair) admit(v callView) bool {
	for _, o := range v.overruns() {
		if o.length.Width() == 0 { // a text without an end
			p.note(func(func(machine.Term) uint64) string {
				return fmt.Sprintf("%s gets a text without a zero behind it, %s", v.name(), o.arg)
			}, nil)
			if o.exact {
				return false
			}
			continue
		}
		inside := p.terms.Not(p.terms.Below(machine.Number(o.length.Width(), o.room), o.length))
		if known, ok := p.facts.Decide(inside); ok && known {
			continue
		}
		p.note(func(value func(machine.Term) uint64) string {
			n := machine.Number(o.length.Width(), value(o.length))
			return fmt.Sprintf("%s gets a length of %s, and %s has %d bytes", v.name(), figure(n), o.arg, o.room)
		}, func(value func(machine.Term) uint64) bool { return value(o.length) > o.room }, o.length)
		// How much the kernel writes is told by its answer.
		if !o.write && !p.facts.Assume(inside, true) {
			return false
		}
	}
	return true
}

// note adds a finding about the instruction that the original is at, if the path
// can be taken and the condition, if not nil, can hold on it. About says which
// terms lead there; else all that is known may.
func (p *pair) note(text func(value func(machine.Term) uint64) string, condition func(value func(machine.Term) uint64) bool, about ...machine.Term) {
	_, at := p.original.at.Split()
	address, _ := p.original.image.inFile(at, p.original.bias)
	if len(*p.findings) >= maxFindings || slices.ContainsFunc(*p.findings, func(f Finding) bool { return f.Address == address }) {
		return
	}
	value, ok := p.instance(condition)
	if !ok {
		return
	}
	f := Finding{Address: address}
	var when []string
	for _, u := range p.results(about) {
		if u.Call >= len(p.names) {
			continue
		}
		f.Call = p.names[u.Call]
		n := value(p.terms.Unknown(u))
		what := fmt.Sprintf("returns %d", n)
		if int64(n<<(64-u.Width)) < 0 {
			what = "fails"
		}
		when = append(when, f.Call+" "+what)
	}
	if len(when) == 0 && p.refused != "" {
		f.Call = p.refused
		when = append(when, f.Call+" fails")
	}
	f.Text = text(value)
	if len(when) > 0 {
		f.Text = "if " + strings.Join(when, " and ") + ", " + f.Text
	}
	*p.findings = append(*p.findings, f)
}

// results lists the results of system calls on which terms depend, or where there
// are no terms those of which something is known beyond what holds always: of
// these the last one.
func (p *pair) results(about []machine.Term) []machine.Unknown {
	var list []machine.Unknown
	note := func(u machine.Unknown) {
		if u.Origin == machine.Result {
			list = append(list, u)
		}
	}
	for _, x := range about {
		p.terms.Unknowns(x, note)
	}
	if len(about) == 0 && p.calls > 0 {
		list = append(list, machine.Unknown{Origin: machine.Result, Width: p.abi.Bits, Call: p.calls - 1})
	}
	slices.SortFunc(list, func(a, b machine.Unknown) int { return a.Call - b.Call })
	return slices.Compact(list)
}

// instance looks for values of the unknowns that the facts admit and for which a
// condition, if not nil, holds. It returns what terms are then. Where that depends on what
// an instruction computes of which no more is known, there are none.
func (p *pair) instance(condition func(value func(machine.Term) uint64) bool) (value func(machine.Term) uint64, ok bool) {
	random := rand.New(rand.NewPCG(1, 2))
	computed := false
	for trial := 0; trial < trials && *p.evaluations > 0 && !computed; trial++ {
		memo := map[machine.Term]machine.Term{}
		value := func(t machine.Term) uint64 {
			n, _ := p.terms.Substitute(t, func(part machine.Term) (machine.Term, bool) {
				u, _, ok := part.AsUnknown()
				if !ok {
					return machine.Term{}, false
				}
				computed = computed || u.Origin == machine.Opaque
				return machine.Number(part.Width(), p.pick(random, trial, u, part)), true
			}, memo).Constant()
			return n
		}
		admitted := condition == nil || condition(value)
		if admitted {
			p.facts.Each(func(about machine.Term, ranges [][2]uint64) {
				v := value(about)
				admitted = admitted && slices.ContainsFunc(ranges, func(r [2]uint64) bool { return v >= r[0] && v <= r[1] })
			})
		}
		if *p.evaluations -= len(memo); admitted && !computed {
			return value, true
		}
	}
	return nil, false
}

// badAddress is what calls often return that fail, -EFAULT.
const badAddress = 14

// pick chooses a value for an unknown, rather a telling one.
func (p *pair) pick(random *rand.Rand, trial int, u machine.Unknown, unknown machine.Term) uint64 {
	if trial == 0 && u.Origin == machine.Result {
		return ^uint64(badAddress-1) << (64 - u.Width) >> (64 - u.Width)
	}
	low, high := p.facts.Range(unknown, random.IntN)
	switch random.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	case 2:
		return low + random.Uint64N(16)%(high-low|1)
	}
	if high-low == ^uint64(0) {
		return random.Uint64()
	}
	return low + random.Uint64N(high-low+1)
}

// leaving returns the finding that the original leaves its objects where it is now, in
// a run in which calls were made before.
func (g *generated) leaving(p *process, text string) *Finding {
	_, at := p.at.Split()
	address, _ := p.image.inFile(at, p.bias)
	f := &Finding{Address: address, Text: text}
	if len(g.calls) > 0 {
		last := &g.calls[len(g.calls)-1]
		f.Call = last.view.name()
		what := fmt.Sprintf("returns %d", last.answer.result)
		if int64(last.answer.result) < 0 {
			what = "fails"
		}
		f.Text = fmt.Sprintf("if %s %s, %s", f.Call, what, text)
	}
	return f
}

// overrun returns the finding that a call of a run leaves the objects; nil if it does
// not.
func (g *generated) overrun(p *process, v callView) *Finding {
	for _, o := range v.overruns() {
		switch {
		case o.write:
		case o.length.Width() == 0:
			return g.leaving(p, fmt.Sprintf("%s gets a text without a zero behind it, %s", v.name(), o.arg))
		default:
			return g.leaving(p, fmt.Sprintf("%s gets a length of %s, and %s has %d bytes", v.name(), figure(o.length), o.arg, o.room))
		}
	}
	return nil
}
