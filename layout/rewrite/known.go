package rewrite

import "tasm/flow"

// Facts tells what is known in front of each instruction of a graph without
// doubts, by block, and behind the last one of each. It is nil where the program
// can't be seen through.
func Facts(g *flow.Graph, o Options) map[*flow.Block][]flow.Known {
	if len(g.Doubts) != 0 || g.Entry == nil || g.ABI == nil || length(g) > MaxInstructions {
		return nil
	}
	sh := &shortener{
		g: g, abi: g.ABI, bits: g.Bits, options: o, caches: newCaches(), budget: newBudget(o),
		arguments: numbers(g.ABI.Args), clobbers: numbers(g.ABI.Clobbers), next: firstTried,
	}
	a := sh.analyze()
	if a.unclear {
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
