package equiv

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/machine"
)

// concreteBias is where files without addresses of their own are put.
func concreteBias(im *image) uint64 {
	if im.Fixed {
		return 0
	}
	if im.bits == 64 {
		return 0x555555554000
	}
	return 0x56555000
}

// launch starts a process of an image as a script says.
func (s *script) launch(t *machine.Terms, im *image) (*process, error) {
	bias := concreteBias(im)
	start := s.process
	start.File = start.Args[0]
	told := im
	if im.vector != nil {
		told = im.vector
	}
	start.Auxiliary = append(slices.Clip(s.extra), told.auxiliary(concreteBias(told))...)
	state, err := machine.StartWith(t, im.abi, start)
	if err != nil {
		return nil, err
	}
	state.Processor = s.processor
	return newProcess(im, state, machine.Number(im.bits, bias)), nil
}

// answered is a call that was made in a run, with the kernel's answer.
type answered struct {
	view   callView
	answer answer
}

// give hands a process the answer to its call.
func (p *process) give(v callView, a answer) {
	k := 0
	for _, arg := range v.args {
		for _, room := range arg.writes {
			for i, b := range a.writes[k] {
				p.Memory.Poke(offset(p, room.address, uint64(i)), machine.Number(8, uint64(b)))
			}
			k++
		}
	}
	result := machine.Number(v.ABI.Bits, a.result)
	p.Return(v.ABI, result)
	p.maps = !p.take(v, result) || p.maps
}

// size returns how many bytes the call hands over.
func (v callView) size() int {
	n := 0
	for _, a := range v.args {
		for _, r := range a.reads {
			n += len(r.bytes)
		}
	}
	return n
}

// room returns how many bytes are looked at in the buffers that the kernel may
// write.
func (v callView) room() int {
	n := int64(0)
	for _, a := range v.args {
		for _, s := range a.writes {
			n += min(s.usable, maxBuffer)
		}
	}
	return int(n)
}

// generated is what came of one generated run of the original.
type generated struct {
	calls []answered
	ended bool   // by its last call, and not by a bound
	lost  string // why the run has no meaning or is not followed; "" if not so
	// leaves tells where the run leaves the objects, which ends it; nil if it does not.
	leaves *Finding
	fault  *machine.Event // by which the run ended; nil if it did not
	steps  int            // instructions that it took
}

// runOriginal runs the original for a number of instructions at most, and makes up
// the kernel's answers.
func (s *script) runOriginal(p *process, facts *machine.Facts, most int) (g generated) {
	bytes, steps := 0, most
	defer func() { g.steps = most - steps }()
	for len(g.calls) < runCalls && bytes < runBytes {
		e, ok := p.advance(&steps)
		switch {
		case !ok:
			return g
		case e.Kind == machine.Fork:
			g.lost = "decides on what the processor leaves undefined"
			return g
		case e.Kind != machine.SystemCall && s.computes:
			return g // values that are made up may not be those of any processor
		case leaves(e) && !p.maps:
			if s.mood == kind { // else a failed call may only have led it astray
				p.refused(e)
			}
			g.leaves = g.leaving(p, "this "+e.Reason)
			return g
		case e.Kind == machine.Fault && e.Exception != machine.NoException && !leaves(e):
			g.fault, g.ended = &e, true
			return g
		case e.Kind != machine.SystemCall:
			if s.mood == kind && e.Kind == machine.Fault {
				p.strays()
			}
			g.lost = e.Reason
			return g
		}
		v := p.view(p.Call(e.ABI), facts)
		switch g.lost, g.leaves = v.unclear(), g.overrun(p, v); {
		case s.computes && (g.lost != "" || g.leaves != nil):
			g.lost, g.leaves = "", nil
			return g
		case g.lost != "" || g.leaves != nil:
			return g
		}
		bytes += v.size()
		a := answered{view: v}
		if g.ended = v.Syscall != nil && v.Syscall.NoReturn(); !g.ended {
			a.answer = s.answer(v)
			p.give(v, a.answer)
		}
		g.calls = append(g.calls, a)
		if g.ended {
			return g
		}
	}
	return g
}

// runResult runs the result with the same answers and compares its calls.
func (g *generated) runResult(p *process, facts *machine.Facts, original *image) *difference {
	steps := slower*max(runSteps, g.steps) + 1000
	for i := 0; i < len(g.calls); i++ {
		want := g.calls[i]
		e, ok := p.advance(&steps)
		switch {
		case !ok && g.ended:
			return &difference{text: "takes far more steps", definite: true}
		case !ok:
			return nil
		case e.Kind == machine.Fork:
			return &difference{text: "decides on what the processor leaves undefined", definite: true}
		case e.Kind != machine.SystemCall:
			return &difference{text: e.Reason, definite: true}
		}
		v := p.view(p.Call(e.ABI), facts)
		if p.idles(v) && !p.idles(want.view) {
			p.Return(e.ABI, machine.Number(e.ABI.Bits, 0))
			i--
			continue
		}
		if d := compare(i, want.view, v, judgeNumbers); d != nil {
			return d
		}
		if d := sees(v.Syscall, original, p.image); d != nil {
			return d
		}
		if reason := v.unclear(); reason != "" {
			return &difference{text: reason, definite: true}
		}
		if s := v.Syscall; s == nil || !s.NoReturn() {
			p.give(v, want.answer)
		}
	}
	if g.fault == nil {
		return nil
	}
	switch e, ok := p.advance(&steps); {
	case !ok:
		return &difference{text: "takes far more steps", definite: true}
	case e.Kind != machine.Fault || e.Exception != g.fault.Exception:
		return &difference{text: endings(*g.fault, e, len(g.calls)), definite: true}
	}
	return nil
}

// judgeNumbers compares values of which only those are no numbers that depend
// on what the processor leaves undefined.
func judgeNumbers(x, y machine.Term) *difference {
	switch {
	case !x.IsNumber():
		return &difference{definite: true, original: true}
	case x == y:
		return nil
	}
	return &difference{definite: true}
}

// cosimulation is what came of a number of generated runs.
type cosimulation struct {
	runs       int
	difference *difference
	script     *script // of the run with the difference
	calls      []answered
	lost       string // why the original has no meaning in a run
	at         uint64 // where the original was last, as in its file
	findings   []Finding
}

// cosimulate runs both images on generated scripts.
func cosimulate(original, result *image, runs int, assume []*Assumption) cosimulation {
	var c cosimulation
	var numbers []uint64
	calls, more := 0, longSteps
	for n := 0; n < runs && original.ctx.Err() == nil; n++ {
		if n%16 == 1 {
			numbers = append(original.numbers(), result.numbers()...)
		}
		s := newScript(n, numbers, original.abi, assume)
		terms := machine.NewTerms()
		facts := machine.NewFacts(terms)
		p, err := s.launch(terms, original)
		if err != nil {
			c.lost = err.Error()
			return c
		}
		p.configure(assume)
		p.Computed = s.computed
		g := s.runOriginal(p, facts, runSteps+more)
		c.at = p.address()
		if c.lost = g.lost; c.lost != "" && len(g.calls) == 0 {
			return c
		}
		if f := g.leaves; f != nil && !slices.ContainsFunc(c.findings, func(x Finding) bool { return x.Address == f.Address }) {
			c.findings = append(c.findings, *f)
		}
		more -= max(0, g.steps-runSteps)
		if calls += len(g.calls); calls == 0 && n >= idleRuns {
			c.lost = fmt.Sprintf("makes no system call in %d instructions", runSteps)
			return c
		}
		if p, err = s.launch(terms, result); err != nil {
			c.difference = &difference{text: err.Error(), definite: true}
			return c
		}
		p.configure(assume)
		p.Computed = s.computed
		p.most += terms.Count() // of the original
		if d := g.runResult(p, facts, original); d != nil {
			c.difference, c.script, c.calls = d, s, g.calls
			return c
		}
		if c.lost != "" {
			return c // the calls before were the same
		}
		if len(g.calls) > 0 || g.ended {
			c.runs++
		}
	}
	return c
}

// numbers returns the constants in the instructions that were met, in order.
func (im *image) numbers() []uint64 {
	var list []uint64
	for _, in := range im.met {
		for i := range in.Operands {
			if o := &in.Operands[i]; o.Kind == x86.ImmediateOperand {
				list = append(list, uint64(o.Value.N))
			}
		}
	}
	return list
}
