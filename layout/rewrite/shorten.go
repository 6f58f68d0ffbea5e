package rewrite

import (
	"context"
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/flow"
	"tasm/linux"
)

// Options are what the rewriting depends on besides the program.
type Options struct {
	// LowAddresses tells that all code and data of a 64-bit program will lie
	// below 2 GiB, so that their addresses fit 32 bits.
	LowAddresses bool
	// KeepBuffers leaves buffers where they are: for programs that may have the kernel
	// read beyond their end, where other memory follows on the stack.
	KeepBuffers bool
	// Effort doubles the work that may be done with each unit (see MaxWork).
	Effort int
	// Context ends the work early, with what has been done so far; nil means
	// never.
	Context context.Context
	// Ended is told that the work ended before all was tried, and why; it may
	// be nil.
	Ended func(reason string)
	// Step is told of the graphs on the way to the last one, each shorter than
	// the one before: the file that is made of a longer one may still be the
	// smaller. Behind them come graphs that are as short only if one does not count
	// don't-care bytes. It may be nil.
	Step func(g *flow.Graph, changes []Change)
}

// Change is one change to the program.
type Change struct {
	Rule  string     // as package rewrite lists them
	Range diag.Range // of the statement that was changed first; zero where it is none
	Text  string     // "mov ebx, 1 became inc ebx"
	Saved int        // bytes
}

// Shorten returns a graph that behaves as g does and whose code takes fewer
// bytes, with the changes made, in order. g itself is not changed. A graph with
// doubts is returned as it is.
func Shorten(g *flow.Graph, o Options) (*flow.Graph, []Change) {
	if len(g.Doubts) != 0 || g.Entry == nil || g.ABI == nil {
		return g, nil
	}
	ended := func(format string, args ...any) {
		if o.Ended != nil {
			o.Ended(fmt.Sprintf(format, args...))
		}
	}
	var best *shortener
	budget := newBudget(o)
	caches := newCaches()
	tellEnd := func() {
		if budget.left <= 0 {
			ended("the rewriting ended early, when it had looked at %d instructions", budget.limit)
		}
	}
	eachBlock := func() (*flow.Graph, []Change) {
		g, changes := newShortener(g, o, caches, budget).eachBlock()
		tellEnd()
		return g, changes
	}
	if n := length(g); n > MaxInstructions {
		ended("the program has %d instructions: of those with more than %d, blocks are rewritten each by itself", n, MaxInstructions)
		return eachBlock()
	}
	try := func(changes ...variant) {
		sh := newShortener(g, o, caches, budget)
		for _, change := range changes {
			if !change(sh) {
				return
			}
		}
		if sh.all() && (best == nil || sh.total() < best.total()) {
			best, sh.applied = sh, changes
		}
	}
	try()
	if best == nil {
		ended("the program can't be seen through as a whole: blocks are rewritten each by itself")
		return eachBlock()
	}
	for _, v := range newShortener(g, o, caches, budget).variants() {
		if !budget.over() {
			try(append(slices.Clone(best.applied), v)...)
		}
	}
	best = best.climb()
	if o.Step != nil {
		best.offerDontCare()
	}
	tellEnd()
	if budget.left <= 0 && o.Step != nil {
		// What is left to do may be done with less work.
		o.Step(best.g, best.changes)
		rest := newShortener(best.g, o, caches, newBudget(o))
		rest.changes = best.changes
		return rest.eachBlock()
	}
	return best.g, best.changes
}

// caches hold what does not depend on the program.
type caches struct {
	forms map[*x86.Form]*formFacts
	tried map[tried]known
	// domain is shared by all analyses that are made one after the other.
	domain **domain
}

func newCaches() caches {
	return caches{map[*x86.Form]*formFacts{}, map[tried]known{}, new(*domain)}
}

// length is the number of instructions of a graph.
func length(g *flow.Graph) int {
	n := 0
	for _, b := range g.Blocks {
		n += len(b.Code)
	}
	return n
}

func newShortener(g *flow.Graph, o Options, c caches, b *budget) *shortener {
	return &shortener{
		g: clone(g), abi: g.ABI, bits: g.Bits, options: o, caches: c, budget: b,
		arguments: numbers(g.ABI.Args), clobbers: numbers(g.ABI.Clobbers), next: firstTried,
	}
}

// all does all that there is to do. It is false where the program can't be seen
// through.
func (sh *shortener) all() bool {
	if sh.tidy(); sh.analyze().unclear {
		return false
	}
	for !sh.budget.over() && sh.subroutines() {
	}
	for range maxPasses {
		before := len(sh.changes)
		if !sh.pass() {
			return false
		}
		if sh.budget.over() || len(sh.changes) == before && !sh.equalBlocks(sh.returners()) {
			break
		}
	}
	if !sh.budget.over() {
		sh.equalBlocks(nil)
	}
	for !sh.budget.over() && sh.tails() {
	}
	sh.tidy()
	sh.invert()
	sh.unused()
	return true
}

// total is the size of the data, and of the code with the jumps that blocks in the order of the
// graph need, all of them short.
func (sh *shortener) total() int {
	sh.budget.left -= int64(length(sh.g))
	n := branchSize*sh.jumps() + sh.data()
	for _, b := range sh.g.Blocks {
		n += sizeOf(b.Code)
	}
	return n
}

// firstTried is the first number of instructions that are only tried, above all
// those of a program.
const firstTried = 1 << 24

type shortener struct {
	g       *flow.Graph
	abi     *linux.ABI
	bits    int
	options Options
	caches
	budget    *budget
	arguments []int
	clobbers  []int
	changes   []Change
	next      int
	applied   []variant // that were made before
	only      string    // the name of the only rule to be used, if it is set
}

// pass goes through all blocks once. It is false where the program can't be
// seen through.
func (sh *shortener) pass() bool {
	sh.tidy()
	a := sh.analyze()
	if a.unclear {
		return false
	}
	for sh.unreached(a) {
		sh.tidy()
		if a = sh.analyze(); a.unclear || sh.budget.over() {
			return !a.unclear
		}
	}
	l := sh.liveness(a)
	for !sh.budget.over() && sh.saves(a, l) {
		if a = sh.analyze(); a.unclear {
			return false
		}
		l = sh.liveness(a)
	}
	for _, b := range sh.g.Blocks {
		for done := false; !done && !sh.budget.over(); {
			var holds bool
			if holds, done = sh.block(a, l, b); holds {
				continue
			}
			if a = sh.analyze(); a.unclear {
				return false
			}
			l = sh.liveness(a)
		}
	}
	return true
}

// record notes that code was replaced, or, where to is empty, why it is gone.
func (sh *shortener) record(rule, gone string, from, to []flow.Inst) {
	said := text(from) + " became " + text(to)
	if len(to) == 0 {
		said = text(from) + " " + gone
	}
	sh.note(rule, from, sizeOf(from)-sizeOf(to), said)
}

// note notes a change to some code.
func (sh *shortener) note(rule string, code []flow.Inst, saved int, said string) {
	c := Change{Rule: rule, Text: said, Saved: saved}
	for i := range code {
		if s := code[i].Source; s != nil {
			c.Range = s.Range
			break
		}
	}
	sh.changes = append(sh.changes, c)
}

// clone copies the graph's blocks.
func clone(g *flow.Graph) *flow.Graph {
	c := *g
	c.Blocks = make([]*flow.Block, len(g.Blocks))
	of := map[*flow.Block]*flow.Block{}
	for i, b := range g.Blocks {
		n := *b
		n.Code = append([]flow.Inst(nil), b.Code...)
		c.Blocks[i] = &n
		of[b] = &n
	}
	for _, b := range c.Blocks {
		b.Next = of[b.Next]
		for i := range b.Code {
			if t := b.Code[i].Target; t != nil {
				b.Code[i].Target = of[t]
			}
			for k := range b.Code[i].Refs {
				if t := b.Code[i].Refs[k].Block; t != nil {
					b.Code[i].Refs[k].Block = of[t]
				}
			}
		}
	}
	c.Taken = nil
	for _, b := range g.Taken {
		c.Taken = append(c.Taken, of[b])
	}
	c.Entry = of[g.Entry]
	return &c
}
