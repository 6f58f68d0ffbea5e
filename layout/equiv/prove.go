package equiv

import (
	"fmt"
	"maps"
	"math/rand/v2"

	"tasm/machine"
)

// Bounds of a proof.
const (
	proofSteps = 60000  // instructions of both programs
	proofPaths = 256    // cases
	proofTerms = 150000 // different terms
	// bytesPerStep is how many bytes of memory or text take as long as a step.
	bytesPerStep = 8
	proofCalls   = 256 // system calls on one path
)

// pair is the two programs on one path, with what is known on it.
type pair struct {
	*world
	original, result *process
	calls            int
	// Where one of them waits for the other, the event that stopped it.
	stops [2]*stop
}

// stop is why a process does not go on by itself.
type stop struct {
	event machine.Event
	view  callView // of a system call
}

// proof is how far a proof came.
type proof struct {
	paths      int
	difference *difference // nil if the programs are equal as far as was seen
	stuck      string      // why it is not complete; "" if it is
}

// prove runs two images side by side with unknowns.
func prove(original, result *image, assume []*Assumption) proof {
	w := newWorld(original.abi)
	for _, a := range assume {
		maps.Copy(w.words, a.Words)
	}
	first := &pair{world: w, original: w.process(original), result: w.process(result)}
	first.original.configure(assume)
	first.result.configure(assume)
	var pr proof
	steps := proofSteps
	seen := map[string]bool{}
	for todo := []*pair{first}; len(todo) > 0; {
		if original.ctx.Err() != nil {
			pr.stuck = "it was ended early"
			return pr
		}
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if pr.paths++; pr.paths > proofPaths {
			pr.stuck = "there are too many cases"
			return pr
		}
		more, d, stuck := p.follow(&steps, seen)
		if d != nil || stuck != "" {
			pr.difference, pr.stuck = d, stuck
			return pr
		}
		if more != nil {
			pr.paths-- // a case that became two
		}
		todo = append(todo, more...)
	}
	return pr
}

// follow runs the pair to its end. It stops earlier where a case has to be
// split, and returns the two, or where it met a pair like one that it has seen.
func (p *pair) follow(steps *int, seen map[string]bool) (split []*pair, d *difference, stuck string) {
	for {
		for i, process := range []*process{p.original, p.result} {
			for p.stops[i] == nil {
				e, ok := process.advance(steps)
				switch {
				case !ok || p.terms.Count() > proofTerms:
					return nil, nil, "the run takes too many steps"
				case e.Kind == machine.Unclear:
					return nil, nil, [2]string{"the original ", "the result "}[i] + e.Reason
				case e.Kind == machine.Fork && undefined(e.Condition):
					return nil, &difference{text: "decides on what the processor leaves undefined", definite: true, original: i == 0}, ""
				case e.Kind == machine.Fork:
					return p.split(e.Condition), nil, ""
				}
				s := &stop{event: e}
				if e.Kind == machine.SystemCall {
					s.view = process.view(process.Call(e.ABI), p.facts)
					if reason := s.view.unclear(); reason != "" {
						return nil, nil, [2]string{"the original ", "the result "}[i] + reason
					}
				}
				if i == 1 && process.idles(s.view) && !process.idles(p.stops[0].view) {
					process.Return(e.ABI, machine.Number(e.ABI.Bits, 0))
					continue
				}
				p.stops[i] = s
			}
		}
		x, y := p.stops[0], p.stops[1]
		if d := ending(p.calls, x.event, y.event); d != nil {
			return nil, d, ""
		}
		if d := compare(p.calls, x.view, y.view, p.judge); d != nil {
			return nil, d, ""
		}
		if s := x.view.Syscall; s != nil && s.NoReturn() {
			return nil, nil, ""
		}
		if p.calls >= proofCalls {
			return nil, nil, "the run makes too many system calls"
		}
		print := p.fingerprint()
		*steps -= (len(print) + x.view.size() + x.view.room()) / bytesPerStep
		if seen[print] {
			return nil, nil, ""
		}
		seen[print] = true
		p.stops = [2]*stop{}
		p.answer(x.view, []*process{p.original, p.result}, []callView{x.view, y.view}, p.calls)
		p.calls++
	}
}

// ending returns the difference that lies in a process ending by a fault, nil if
// both make a system call.
func ending(calls int, original, result machine.Event) *difference {
	switch {
	case original.Kind == machine.Fault:
		return &difference{text: fmt.Sprintf("%s after %d system calls", original.Reason, calls), definite: true, original: true}
	case result.Kind == machine.Fault:
		return &difference{text: fmt.Sprintf("%s after %d system calls", result.Reason, calls), definite: true}
	}
	return nil
}

// split returns the two cases in which a condition holds or not; those that
// can't be are left out.
func (p *pair) split(condition machine.Term) []*pair {
	var list []*pair
	for _, value := range []bool{false, true} {
		w, possible := p.world.fork(condition, value)
		if !possible {
			continue
		}
		c := *p
		c.world, c.original, c.result = w, p.original.fork(), p.result.fork()
		c.original.Known, c.result.Known = w.facts.Decide, w.facts.Decide
		list = append(list, &c)
	}
	return list
}

// judge compares two values under what is known on the path.
func (p *pair) judge(x, y machine.Term) *difference {
	x, y = p.facts.Simplify(x), p.facts.Simplify(y)
	switch {
	case undefined(x):
		return &difference{definite: true, original: true}
	case x == y:
		return nil
	case undefined(y):
		return &difference{definite: true}
	}
	return &difference{definite: p.differ(x, y)}
}

// trials is how many values of the unknowns are tried to tell two terms apart.
const trials = 200

// differ looks for values of the unknowns that the facts admit and for which
// two terms differ.
func (p *pair) differ(x, y machine.Term) bool {
	random := rand.New(rand.NewPCG(1, 2))
	for range trials {
		memo := map[machine.Term]machine.Term{}
		value := func(t machine.Term) machine.Term {
			return p.terms.Substitute(t, func(part machine.Term) (machine.Term, bool) {
				if _, _, ok := part.AsUnknown(); !ok {
					return machine.Term{}, false
				}
				return machine.Number(part.Width(), p.pick(random, part)), true
			}, memo)
		}
		vx, vy := value(x), value(y)
		if vx == vy {
			continue
		}
		admitted := true
		p.facts.Each(func(about machine.Term, ranges [][2]uint64) {
			v, _ := value(about).Constant()
			inside := false
			for _, r := range ranges {
				inside = inside || v >= r[0] && v <= r[1]
			}
			admitted = admitted && inside
		})
		if admitted {
			return true
		}
	}
	return false
}

// pick chooses a value for an unknown, rather a telling one.
func (p *pair) pick(random *rand.Rand, unknown machine.Term) uint64 {
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
