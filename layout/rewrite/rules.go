package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// rule is one way to shorten code. apply looks at the instructions from i on and
// answers how many of them it would replace, and by what; 0 for none. What it
// answers must leave the same in every register part and flag that matters
// behind, and do the same to memory, whatever is not known.
type rule struct {
	name  string
	apply func(c *cursor, i int) (int, []flow.Inst)
}

// rules lists all rules. Where several apply, the one that saves most is taken,
// of equals the first.
var rules = []rule{
	{"is not needed", dead},
	{"is settled", settle},
	{"is told by the flags already", sameFlags},
	{"operand", operands},
	{"test", compareZero},
	{"compare", compareByCounting},
	{"count", counting},
	{"immediate", immediates},
	{"bytes", bytesOnly},
	{"zero extension", extension},
	{"halves", halves},
	{"store", stores},
	{"push", pushes},
	{"load", loadString},
	{"store string", storeString},
	{"sum", sums},
	{"loop", loops},
	{"stack", stackBytes},
	{"address", near},
	{"is the stack pointer already", stackPointer},
}

// settleRule is the number of settle in rules.
const settleRule = 1

const allButCarry = x86.PF | x86.AF | x86.ZF | x86.SF | x86.OF
const arithmeticFlags = allButCarry | x86.CF

func (c *cursor) make(i int) maker { return maker{bits: c.bits(), source: c.code[i].Source} }

// dead reports whether nothing of these flags matters behind instruction i.
func (c *cursor) dead(i int, f x86.FlagSet) bool { return c.after[i].flags&f == 0 }

// live returns the parts of a register that matter behind instruction i.
func (c *cursor) needed(i, number int) parts { return c.after[i].parts.of(number) }

// plain reports whether the instruction has neither prefixes nor anything else
// that a rule does not expect.
func plain(in *flow.Inst) bool { return len(in.Prefixes) == 0 && in.Target == nil }

// dead removes what has no effect that matters.
func dead(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	if isSystemCall(in) || in.Target != nil {
		return 0, nil
	}
	e := c.effect(in)
	if e.pure() && e.writes&c.after[i].parts == 0 && e.flagsWritten&c.after[i].flags == 0 {
		return 1, []flow.Inst{}
	}
	return 0, nil
}
