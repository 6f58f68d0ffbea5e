package equiv

import (
	"fmt"
	"maps"
	"slices"

	"tasm/machine"
)

// pair is the two programs on one path, with what is known on it.
type pair struct {
	*world
	original, result *process
	calls            int
	names            []string   // of the calls
	refused          string     // the last of them that has given no memory; "" if none
	findings         *[]Finding // of all paths
	evaluations      *int       // of terms that may still be made, on all paths
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
	findings   []Finding
}

// prove runs two images side by side with unknowns.
func prove(original, result *image, assume []*Assumption) proof {
	w := newWorld(original.abi)
	for _, a := range assume {
		maps.Copy(w.words, a.Words)
	}
	first := &pair{world: w, original: w.process(original), result: w.process(result)}
	first.original.keepsBefore, first.result.keepsBefore = true, true
	first.original.most, first.result.most = proofTerms, proofTerms
	easy := easySteps
	first.original.easy, first.result.easy = &easy, &easy
	first.original.configure(assume)
	first.result.configure(assume)
	var pr proof
	evaluations := maxEvaluations
	first.findings, first.evaluations = &pr.findings, &evaluations
	steps := proofSteps
	seen := map[string]bool{}
	for todo := []*pair{first}; len(todo) > 0; {
		if original.ctx.Err() != nil {
			pr.stuck = "it was ended early"
			return pr
		}
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if pr.paths++; pr.paths+len(todo) > proofPaths {
			pr.stuck = "there are too many cases"
			return pr
		}
		work := w.terms.Work()
		end := p.follow(&steps, seen)
		steps -= (w.terms.Work() - work) / termsPerStep
		if end.difference != nil || end.stuck != "" {
			pr.difference, pr.stuck = end.difference, end.stuck
			return pr
		}
		if end.split != nil {
			pr.paths-- // a case that became two
		}
		todo = append(todo, end.split...)
	}
	return pr
}

// outcome is how following a pair came to an end: it is split into cases, there is a
// difference, or it can't go on. With none of these there is nothing more to compare.
type outcome struct {
	split      []*pair
	difference *difference
	stuck      string
}

// follow runs the pair to its end. It stops earlier where a case has to be
// split, or where it met a pair like one that it has seen.
func (p *pair) follow(steps *int, seen map[string]bool) *outcome {
	for {
		for i := range p.stops {
			for p.stops[i] == nil {
				if end := p.advance(i, steps); end != nil {
					return end
				}
			}
		}
		if end := p.compare(steps, seen); end != nil {
			return end
		}
	}
}

// advance runs one of the processes up to its next event. It returns nil where that
// is a stop, or where it goes on.
func (p *pair) advance(i int, steps *int) *outcome {
	process := []*process{p.original, p.result}[i]
	who := [2]string{"the original ", "the result "}[i]
	e, ok := process.advance(steps)
	switch {
	case !ok || p.terms.Count() > proofTerms:
		return &outcome{stuck: "the run takes too many steps"}
	case e.Kind == machine.Unclear:
		if condition, ok := p.unclear(process, e); ok && condition.Width() == 0 {
			return nil
		} else if ok && p.tellsOfFile(condition) {
			return &outcome{stuck: who + "decides on " + auxiliary}
		} else if ok {
			return &outcome{split: p.cases(condition)}
		}
		if i == 1 && process.astray {
			return &outcome{difference: &difference{text: e.Reason, concrete: true}}
		}
		return &outcome{stuck: who + e.Reason}
	case e.Kind == machine.Fork && undefined(e.Condition):
		return &outcome{difference: &difference{text: "decides on what the processor leaves undefined", definite: p.possible(), original: i == 0}}
	case i == 0 && leaves(e) && process.maps:
		return &outcome{stuck: "the original " + e.Reason + ", and it may have mapped some there"}
	case i == 0 && leaves(e):
		process.refused(e)
		p.note(func(func(machine.Term) uint64) string { return "this " + e.Reason }, nil)
		return &outcome{}
	case e.Kind == machine.Fork && p.tellsOfFile(e.Condition):
		return &outcome{stuck: who + "decides on " + auxiliary}
	case e.Kind == machine.Fork:
		return &outcome{split: p.cases(e.Condition)}
	}
	return p.stop(i, process, &stop{event: e})
}

// stop holds a process at an event that the other one has to show too.
func (p *pair) stop(i int, process *process, s *stop) *outcome {
	if e := s.event; e.Kind == machine.SystemCall {
		s.view = process.view(process.Call(e.ABI), p.facts)
		if reason := s.view.unclear(); reason != "" {
			return &outcome{stuck: [2]string{"the original ", "the result "}[i] + reason}
		}
		if i == 0 {
			process.passesHeaders(s.view)
			if process.makesName(s.view, p.facts, fromOutside) {
				return &outcome{stuck: "the original " + mayNameProcess}
			}
		}
		if i == 0 && len(s.view.overruns()) > 0 {
			if !p.admit(s.view) {
				return &outcome{}
			}
			s.view = process.view(process.Call(e.ABI), p.facts)
		}
		if i == 0 {
			p.bound(s.view)
		}
	}
	if i == 1 && process.idles(s.view) && !process.idles(p.stops[0].view) {
		process.Return(s.event.ABI, machine.Number(s.event.ABI.Bits, 0))
		return nil
	}
	p.stops[i] = s
	return nil
}

// compare compares what both processes stopped at, and lets them go on from there.
func (p *pair) compare(steps *int, seen map[string]bool) *outcome {
	x, y := p.stops[0], p.stops[1]
	if ended, d := p.ending(x.event, y.event); ended {
		return &outcome{difference: d}
	}
	if d := compare(p.calls, x.view, y.view, p.judge); d != nil {
		return &outcome{difference: d}
	}
	if d := sees(x.view.Syscall, p.original.image, p.result.image); d != nil {
		return &outcome{difference: d}
	}
	if x.view.any(p.tellsOfFile) {
		return &outcome{stuck: "the original passes on " + auxiliary}
	}
	if s := x.view.Syscall; s != nil && s.NoReturn() {
		return &outcome{}
	}
	if p.calls >= proofCalls {
		return &outcome{stuck: "the run makes too many system calls"}
	}
	print := p.fingerprint()
	*steps -= (len(print) + x.view.size() + x.view.room()) / bytesPerStep
	if seen[print] {
		return &outcome{}
	}
	seen[print] = true
	p.stops = [2]*stop{}
	unknown := p.answer(x.view, []*process{p.original, p.result}, []callView{x.view, y.view}, p.calls)
	for _, process := range []*process{p.original, p.result} {
		process.filesChange(p.calls)
	}
	p.names = append(slices.Clip(p.names), x.view.name())
	p.calls++
	if results, errors := p.original.results(x.view); results != nil {
		return &outcome{split: p.returned(x.view, y.view, results, errors, unknown)}
	}
	p.take(x.view, y.view, unknown)
	return nil
}

// returned returns the cases in which a call has returned one of some results, or an error
// number, which is the unknown.
func (p *pair) returned(x, y callView, results []machine.Term, errors bool, unknown machine.Term) []*pair {
	if errors {
		results = append(results, unknown)
	}
	var list []*pair
	for i, result := range results {
		w := &world{p.abi, p.terms, p.facts.Fork(), p.words}
		if errors && result == unknown && !w.facts.Limit(result, failure, ^uint64(0)) {
			continue
		}
		c := *p
		c.world, c.original, c.result = w, p.original.fork(), p.result.fork()
		c.original.Known, c.result.Known = w.facts.Decide, w.facts.Decide
		if i > 0 {
			c.refused = x.name()
		}
		c.take(x, y, result)
		list = append(list, &c)
	}
	return list
}

// take has a call return a result to both processes, with the memory that it gives.
func (p *pair) take(x, y callView, result machine.Term) {
	if _, brk := p.original.extends(x); brk && p.original.heap.start.Width() == 0 {
		p.facts.Limit(result, page, failure-page) // it does not fail
	}
	p.original.Return(x.ABI, result)
	p.result.Return(y.ABI, result)
	p.original.maps = !p.original.take(x, result) || p.original.maps
	p.result.take(y, result)
}

// ending reports whether one of the processes ends by an exception, and the
// difference if not both do by the same.
func (p *pair) ending(original, result machine.Event) (ended bool, d *difference) {
	switch {
	case original.Kind != machine.Fault && result.Kind != machine.Fault:
		return false, nil
	case original.Kind == machine.Fault && original.Exception == machine.NoException:
		p.original.strays()
		return true, &difference{text: fmt.Sprintf("%s after %s", original.Reason, count(p.calls, "system call")), definite: p.possible(), original: true}
	case original.Kind != result.Kind || original.Exception != result.Exception:
		return true, &difference{text: endings(original, result, p.calls), definite: p.possible(), concrete: true}
	}
	return true, nil
}

// endings says how the result ends otherwise than the original.
func endings(original, result machine.Event, calls int) string {
	if result.Kind != machine.Fault {
		return fmt.Sprintf("goes on after %s, where the original %s", count(calls, "system call"), original.Reason)
	}
	return fmt.Sprintf("%s after %s", result.Reason, count(calls, "system call"))
}

// cases returns the two cases in which a condition holds or not; those that
// can't be are left out.
func (p *pair) cases(condition machine.Term) []*pair {
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

// bound has the bytes of buffers compared where the kernel reads them, if it is not
// known how many it reads.
func (p *pair) bound(v callView) {
	for i := range v.args {
		for k := range v.args[i].reads {
			r := &v.args[i].reads[k]
			if !r.open || r.length.Width() == 0 {
				continue
			}
			r.within = func(n int, x, y machine.Term) *difference {
				inside := *p
				w, possible := p.world.fork(p.terms.Below(machine.Number(r.length.Width(), uint64(n)), r.length), true)
				if !possible {
					return nil
				}
				inside.world = w
				return inside.judge(x, y)
			}
		}
	}
}

// judge compares two values under what is known on the path.
func (p *pair) judge(x, y machine.Term) *difference {
	x, y = p.facts.Simplify(x), p.facts.Simplify(y)
	switch {
	case undefined(x):
		return &difference{definite: p.possible(), original: true}
	case x == y:
		return nil
	case undefined(y):
		return &difference{definite: true}
	}
	return &difference{definite: p.differ(x, y), concrete: x.IsNumber() && y.IsNumber()}
}

// differ looks for values of the unknowns that the facts admit and for which
// two terms differ.
func (p *pair) differ(x, y machine.Term) bool {
	_, ok := p.instance(func(value func(machine.Term) uint64) bool { return value(x) != value(y) })
	return ok
}

// possible reports whether values of the unknowns are found for which control
// comes here.
func (p *pair) possible() bool {
	_, ok := p.instance(nil)
	return ok
}
