package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// Zero as a carry. Whether a register is 0 is in ZF behind a TEST, and in CF
// behind a comparison with 1. The latter takes a byte more; but INC and DEC leave
// CF as it is, so that they can count between the comparison and a branch.

// carryMoves lists the tests whose result CF can hold.
func (sh *shortener) carryMoves(l *liveness) []variant {
	var list []variant
	for _, t := range sh.tests(l) {
		if branches := sh.asking(l, t); len(branches) > 1 {
			list = append(list, func(sh *shortener) bool { return sh.carry(t) })
		}
	}
	return list
}

// asking lists the branches that ask for what a TEST of a register for zero says,
// and for nothing else; nil where something else does, or other flags may be what
// a branch asks for.
func (sh *shortener) asking(l *liveness, t test) []*flow.Inst {
	from := sh.g.Blocks[t.block]
	in := &from.Code[t.index]
	x, ok1 := at(in, 0).register()
	y, ok2 := at(in, 1).register()
	if name(in) != "test" || !ok1 || !ok2 || x != y || !plain(in) {
		return nil
	}
	preds := sh.predecessors()
	var branches []*flow.Inst
	passed := map[*flow.Block]bool{}
	// follow goes through the code behind the test for as long as its flags
	// matter.
	var follow func(b *flow.Block, i int) bool
	enter := func(b *flow.Block) bool {
		if b == nil || passed[b] || l.in[b].flags&arithmeticFlags == 0 {
			return true
		}
		passed[b] = true
		return follow(b, 0)
	}
	follow = func(b *flow.Block, i int) bool {
		for ; i < len(b.Code); i++ {
			in := &b.Code[i]
			switch {
			case isSystemCall(in):
				continue
			case isBranch(in):
				if cond, ok := conditionOf(in); ok {
					if cond&^1 != x86.IfEqual {
						return false
					}
					branches = append(branches, in)
				} else if sh.effect(in).flagsRead != 0 {
					return false
				}
				if !enter(in.Target) {
					return false
				}
				continue
			}
			if e := sh.effect(in); in.Target != nil || e.odd || e.flow != x86.Next || e.flagsRead|e.flagsWritten != 0 {
				return false
			}
		}
		return enter(b.Next)
	}
	if !follow(from, t.index+1) || passed[from] {
		return nil
	}
	for b := range passed {
		for _, p := range preds[b] {
			if p == nil || p != from && !passed[p] {
				return nil
			}
		}
	}
	return branches
}

// carry lets CF tell whether a register is 0.
func (sh *shortener) carry(t test) bool {
	in := &sh.g.Blocks[t.block].Code[t.index]
	branches := sh.asking(sh.liveness(sh.analyze()), t)
	r, _ := at(in, 0).register()
	m := maker{bits: sh.bits, source: in.Source}
	compare, ok := m.inst("cmp", reg(r.number, r.size), imm(1))
	if len(branches) == 0 || !ok || r.high {
		return false
	}
	sh.note("zero as carry", []flow.Inst{*in}, size(in)-size(&compare), instText(in)+" became "+instText(&compare))
	*in = compare
	for _, b := range branches {
		cond, _ := conditionOf(b)
		*b = onCondition(b, x86.IfBelow|cond&1)
	}
	return true
}

// onCondition is a conditional branch on another condition.
func onCondition(in *flow.Inst, cond x86.Condition) flow.Inst {
	out := *in
	out.Mnemonic = x86.LookupMnemonic("j" + cond.String())
	out.Form = x86.Forms(out.Mnemonic)[0]
	out.Operands = slices.Clone(in.Operands)
	return out
}
