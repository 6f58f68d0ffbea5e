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
	gone  string // says why an instruction that it removes is not needed
	whole bool   // what it needs is known only where the whole program is
}

// rules lists all rules. Where several apply, the one that saves most is taken,
// of equals the first.
var rules = []rule{
	{name: "dead code", apply: dead},
	{name: "constants", apply: materialise, gone: "is known already"},
	{name: "known flags", apply: sameFlags, gone: "is in the flags already"},
	{name: "short operations", apply: operands},
	{name: "zero test", apply: compareZero},
	{name: "compare by counting", apply: compareByCounting},
	{name: "counting", apply: counting},
	{name: "numbers in registers", apply: immediates},
	{name: "narrowing to bytes", apply: narrowToByte},
	{name: "zero extension", apply: extension},
	{name: "narrowing", apply: narrow},
	{name: "string instructions", apply: stringOps},
	{name: "sums", apply: sums},
	{name: "loop", apply: loops},
	{name: "branch on zero", apply: countZero, whole: true},
	{name: "drop words", apply: stackBytes, whole: true},
	{name: "near addresses", apply: near},
	{name: "stack pointer", apply: stackPointer, gone: "is the stack pointer already"},
}

// constantsRule is the number of materialise in rules.
const constantsRule = 1

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
