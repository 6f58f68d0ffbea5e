package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// Made is a system call that a graph may make.
type Made struct {
	*linux.Syscall
	// Placed tells that it may name a range of addresses by where that lies, and not
	// leave it to the kernel to find room.
	Placed bool
}

// Calls returns the system calls that a graph without doubts may make, and false
// where one of them is not known.
func Calls(g *flow.Graph, o Options) (calls []Made, all bool) {
	_, a := analyzed(g, o) // of any length: only states are carried along
	if a == nil {
		return nil, false
	}
	all = true
	for _, b := range g.Blocks {
		s := *a.in[b]
		for i := range b.Code {
			if in := &b.Code[i]; isSystemCall(in) && s.reached {
				made := a.callsOf(s.r[ax])
				// In 64-bit code int 0x80 has the numbers of the other ABI.
				all = all && len(made) > 0 && (g.Bits == 32 || in.Form.Flow() == x86.SystemCall)
				for _, call := range made {
					call = a.command(&s, call)
					calls = append(calls, Made{call, a.places(&s, call)})
				}
			}
			a.advance(&s, &b.Code[i], a.index[b]+i)
		}
	}
	return calls, all
}

// places reports whether a call may name a range of addresses by where it lies.
func (a *analysis) places(s *state, call *linux.Syscall) bool {
	for i, arg := range call.Args(a.s.abi) {
		switch n, known := s.r[a.s.arguments[i]].number(); {
		case arg.Kind == linux.Map && !(known && n == 0):
			return true
		case call.Space() != linux.NoSpace && (arg.Kind == linux.Opaque || arg.Kind == linux.In && call.Result == linux.Pointer):
			return true // in memory, perhaps
		}
	}
	return false
}

// analyzed analyses a graph; the analysis is nil where the program can't be seen
// through.
func analyzed(g *flow.Graph, o Options) (*shortener, *analysis) {
	if len(g.Doubts) != 0 || g.Entry == nil || g.ABI == nil {
		return nil, nil
	}
	sh := &shortener{
		g: g, abi: g.ABI, bits: g.Bits, options: o, caches: newCaches(), budget: newBudget(o),
		arguments: numbers(g.ABI.Args), clobbers: numbers(g.ABI.Clobbers), next: firstTried,
	}
	a := sh.analyze()
	if a.unclear {
		return nil, nil
	}
	return sh, a
}

// Facts tells what is known in front of each instruction of a graph without
// doubts, by block, and behind the last one of each. It is nil where the program
// can't be seen through.
func Facts(g *flow.Graph, o Options) map[*flow.Block][]flow.Known {
	if length(g) > MaxInstructions {
		return nil
	}
	sh, a := analyzed(g, o)
	if a == nil {
		return nil
	}
	l := sh.liveness(a)
	facts := map[*flow.Block][]flow.Known{}
	for _, b := range g.Blocks {
		after := make([]need, len(b.Code))
		now := l.through(b, after)
		list := make([]flow.Known, 0, len(b.Code)+1)
		c := cursor{sh: sh, a: a}
		s := *a.in[b]
		for i := range b.Code {
			list = append(list, c.known(&s, now))
			a.advance(&s, &b.Code[i], a.index[b]+i)
			now = after[i]
		}
		if len(b.Code) == 0 {
			now = l.out(b)
		}
		facts[b] = append(list, c.known(&s, now))
	}
	return facts
}

// known is what is known in a state, where something matters.
func (c *cursor) known(s *state, matters need) flow.Known {
	k := flow.Known{Live: flow.Live{Flags: matters.flags}}
	for r := range registers {
		if matters.parts.of(r) != 0 || r == sp {
			k.Live.Registers |= 1 << r
		}
		if n, ok := s.r[r].number(); ok && s.reached {
			k.Numbers |= 1 << r
			k.Number[r] = n
		}
	}
	k.Below = s.reached && c.stackFree(s, matters.parts)
	return k
}
