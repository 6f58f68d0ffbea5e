package rewrite

import (
	"slices"

	"tasm/flow"
)

// Advice is a shorter way to write a few instructions that stand together, which
// leaves the same in all that matters behind them. Each is for the program as it is:
// when one was taken, others may not hold any more.
type Advice struct {
	Rule     string // as package rewrite lists them
	From, To []flow.Inst
}

// Advise lists what the rules on a few instructions offer for each place in those
// blocks of a graph without doubts that are wanted: for one instruction alone, and the
// most that can be saved from there on. It is nil where the program can't be seen
// through or is too long, and ends early where the work is bounded (Options.Effort,
// Options.Context).
func Advise(g *flow.Graph, o Options, wanted func(*flow.Block) bool) []Advice {
	if len(g.Doubts) != 0 || g.Entry == nil || g.ABI == nil || length(g) > MaxInstructions {
		return nil
	}
	sh := newShortener(g, o, newCaches(), newBudget(o))
	a := sh.analyze()
	if a.unclear {
		return nil
	}
	l := sh.liveness(a)
	var list []Advice
	for _, b := range sh.g.Blocks {
		if !wanted(b) {
			continue
		}
		c := &cursor{sh: sh, a: a, l: l, b: b, code: b.Code, s: *a.in[b]}
		c.live()
		for i := 0; i < len(b.Code) && c.s.reached && !sh.budget.over(); i++ {
			sh.budget.left--
			alone := c.advise(i, i+1)
			list = append(list, alone...)
			for _, most := range c.advise(i, len(c.code)) {
				if len(alone) == 0 || len(most.From) > 1 {
					list = append(list, most)
				}
			}
			if in := &c.code[i]; !isBranch(in) {
				a.advance(&c.s, in, a.index[b]+i)
			}
		}
	}
	return list
}

// advise is what can be done at instruction i with those in front of end: one advice,
// or none. It leaves the code as it is.
func (c *cursor) advise(i, end int) []Advice {
	code, l := c.code, c.l
	defer func() { c.liveOnly = false }()
	for refused := map[int]bool{}; ; {
		c.code = code[:end]
		n, to, k := c.improve(i, refused)
		c.code = code
		if k < 0 {
			return nil
		}
		holds := c.replace(i, n, to)
		c.code, c.l = code, l
		c.live()
		switch {
		case holds:
			return []Advice{{rules[k].name, slices.Clone(code[i : i+n]), to}}
		case k == constantsRule && !c.liveOnly:
			c.liveOnly = true
		default:
			refused[k] = true
		}
	}
}
