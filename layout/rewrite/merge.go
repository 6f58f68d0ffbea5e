package rewrite

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// tidy puts the blocks in order: ways through empty blocks are cut short, blocks
// that follow one another for certain become one, and what is never reached is
// left out.
func (sh *shortener) tidy() {
	for changed := true; changed; {
		changed = sh.thread()
		sh.prune()
		changed = sh.mergeNext() || changed
	}
}

// through follows empty blocks to the one where control really goes.
func through(b *flow.Block) *flow.Block {
	seen := map[*flow.Block]bool{}
	for b != nil && len(b.Code) == 0 && b.Next != nil && !seen[b] {
		seen[b] = true
		b = b.Next
	}
	return b
}

// thread lets all ways end at blocks that are not empty, and drops conditional
// jumps to where control goes in any case.
func (sh *shortener) thread() bool {
	changed := false
	to := func(p **flow.Block) {
		if t := through(*p); t != *p {
			*p, changed = t, true
		}
	}
	to(&sh.g.Entry)
	for _, b := range sh.g.Blocks {
		if b.Computed {
			continue
		}
		to(&b.Next)
		for i := range b.Code {
			to(&b.Code[i].Target)
		}
		if n := len(b.Code); n > 0 {
			last := &b.Code[n-1]
			if _, isJcc := conditionOf(last); isJcc && last.Target != nil && last.Target == b.Next {
				sh.record("needless branches", "goes where control goes in any case", b.Code[n-1:], nil)
				b.Code = b.Code[: n-1 : n-1]
				changed = true
			}
		}
	}
	return changed
}

// prune leaves out blocks that can't be reached.
func (sh *shortener) prune() {
	reached := map[*flow.Block]bool{sh.g.Entry: true}
	work := []*flow.Block{sh.g.Entry}
	for _, b := range sh.g.Taken {
		reached[b] = true
		work = append(work, b)
	}
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		visit := func(n *flow.Block) {
			if n != nil && !reached[n] {
				reached[n] = true
				work = append(work, n)
			}
		}
		visit(b.Next)
		for i := range b.Code {
			visit(b.Code[i].Target)
			for _, r := range b.Code[i].Refs {
				visit(r.Block)
			}
		}
	}
	sh.g.Blocks = slices.DeleteFunc(sh.g.Blocks, func(b *flow.Block) bool { return !reached[b] })
}

// entrances counts the ways into each block; what is called or the entry point
// counts for more than one.
func (sh *shortener) entrances() map[*flow.Block]int {
	n := map[*flow.Block]int{sh.g.Entry: 2}
	for _, b := range sh.g.Taken {
		n[b] += 2
	}
	for _, b := range sh.g.Blocks {
		if b.Computed {
			n[b] += 2
		}
		if b.Next != nil {
			n[b.Next]++
		}
		for i := range b.Code {
			in := &b.Code[i]
			if in.Target != nil {
				n[in.Target]++
				if isCall(in) {
					n[in.Target]++
				}
			}
			for _, r := range in.Refs {
				if r.Block != nil {
					n[r.Block] += 2
				}
			}
		}
	}
	return n
}

// mergeNext joins blocks with the next where nothing else leads to that one.
func (sh *shortener) mergeNext() bool {
	n := sh.entrances()
	changed := false
	for _, b := range sh.g.Blocks {
		for next := b.Next; next != nil && next != b && n[next] == 1; next = b.Next {
			if k := len(b.Code); k > 0 && isBranch(&b.Code[k-1]) {
				break
			}
			b.Code = append(b.Code[:len(b.Code):len(b.Code)], next.Code...)
			b.Next = next.Next
			if b.Name == "" {
				b.Name = next.Name
			}
			next.Code, next.Next, changed = nil, nil, true
		}
	}
	if changed {
		sh.prune()
	}
	return changed
}

// unreached cuts off what is behind a call of the kernel that does not return,
// and settles branches of which the way is known.
func (sh *shortener) unreached(a *analysis) bool {
	changed := false
	for _, b := range sh.g.Blocks {
		s := *a.in[b]
		for i := range b.Code {
			in := &b.Code[i]
			if !s.reached {
				if i > 0 {
					sh.record("unreached code", "is never reached", b.Code[i:], nil)
				}
				b.Code, b.Next, changed = b.Code[:i:i], nil, true
				break
			}
			if isBranch(in) {
				if taken, known := a.decided(&s, in); known {
					if taken {
						b.Next = in.Target
					}
					sh.record("decided branches", "is decided", b.Code[i:], nil)
					b.Code, changed = b.Code[:i:i], true
				}
				break
			}
			a.advance(&s, in, a.index[b]+i)
		}
		if !s.reached && b.Next != nil && len(b.Code) > 0 && !isBranch(&b.Code[len(b.Code)-1]) {
			b.Next, changed = nil, true
		}
	}
	return changed
}

// decided tells where a conditional jump goes, if the flags are known.
func (a *analysis) decided(s *state, in *flow.Inst) (taken, known bool) {
	cond, ok := conditionOf(in)
	f := s.flags
	if !ok || f.kind == flagsUnknown || !s.reached {
		return false, false
	}
	l := limit(f.size)
	n, isNumber := f.v.number()
	if !isNumber {
		// Of what is not 0 only that is known.
		known = cond&^1 == x86.IfEqual && f.kind == flagsResult && a.t.facts(f.v).zeros|l == all && s.isNonzero(f.v)
		return known && cond&1 == 1, known
	}
	n &= l
	with := uint64(0)
	if f.kind == flagsCompare {
		with = f.with & l
	}
	signed := func(n uint64) int64 { return signExtend(n, f.size) }
	difference := (n - with) & l
	carry, overflow := f.kind == flagsCompare || f.carryClear, f.kind == flagsCompare || f.overflowClear
	switch cond &^ 1 {
	case x86.IfEqual:
		taken, known = difference == 0, true
	case x86.IfNegative:
		taken, known = signed(difference) < 0, true
	case x86.IfBelow:
		taken, known = n < with, carry
	case x86.IfBelowEqual:
		taken, known = n <= with, carry
	case x86.IfLess:
		taken, known = signed(n) < signed(with), overflow
	case x86.IfLessOrEqual:
		taken, known = signed(n) <= signed(with), overflow
	}
	return taken != (cond&1 == 1), known
}

// equalBlocks lets ways to blocks that do the same end at one of them, but for blocks of
// different owners.
func (sh *shortener) equalBlocks(owners map[*flow.Block]string) bool {
	changed := false
	first := map[string]*flow.Block{}
	same := map[*flow.Block]*flow.Block{}
	for _, b := range sh.g.Blocks {
		k := key(b.Code) + fmt.Sprint(id(b.Next)) + owners[b]
		if o := first[k]; o != nil && b != sh.g.Entry && !slices.Contains(sh.g.Taken, b) {
			same[b] = o
			sh.record("equal blocks", "is there already", b.Code, nil)
			changed = true
			continue
		} else if o == nil {
			first[k] = b
		}
	}
	to := func(p **flow.Block) {
		if o := same[*p]; o != nil {
			*p = o
		}
	}
	for _, b := range sh.g.Blocks {
		if b.Computed {
			continue
		}
		to(&b.Next)
		for i := range b.Code {
			to(&b.Code[i].Target)
		}
	}
	sh.prune()
	return changed
}

// returners tells of each block which subroutines return from there or behind it. A program
// in which several share such a block can't be seen through.
func (sh *shortener) returners() map[*flow.Block]string {
	owners := map[*flow.Block]string{}
	known := map[*flow.Block]bool{}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			if in := &b.Code[i]; isCall(in) && !known[in.Target] {
				known[in.Target] = true
				for _, of := range returning(in.Target) {
					owners[of] += fmt.Sprintf(" %d", in.Target.ID)
				}
			}
		}
	}
	return owners
}

// returning lists the blocks of the subroutine that begins with one from which it comes to
// its RET.
func returning(entry *flow.Block) []*flow.Block {
	list := reachable(entry)
	returns := map[*flow.Block]bool{}
	for changed := true; changed; {
		changed = false
		for _, b := range list {
			ends := slices.ContainsFunc(b.Code, func(in flow.Inst) bool { return in.Form != nil && in.Form.Flow() == x86.Return })
			if !returns[b] && (ends || slices.ContainsFunc(successors(b), func(to *flow.Block) bool { return returns[to] })) {
				returns[b], changed = true, true
			}
		}
	}
	return slices.DeleteFunc(list, func(b *flow.Block) bool { return !returns[b] })
}

func id(b *flow.Block) int {
	if b == nil {
		return -1
	}
	return b.ID
}

// key is a text that is the same for code that does the same.
func key(code []flow.Inst) string {
	k := ""
	for i := range code {
		k += instKey(&code[i]) + ";"
	}
	return k
}

func instKey(in *flow.Inst) string {
	k := in.Instruction.String()
	if in.Target != nil {
		k += fmt.Sprintf(" ->%d", in.Target.ID)
	}
	if in.DontCare > 0 {
		k += fmt.Sprintf(" dontCare %d", in.DontCare)
	}
	for _, r := range in.Refs {
		switch {
		case r.Object != nil:
			k += fmt.Sprintf(" o%d+%d", r.Object.ID, r.Offset)
		case r.Block != nil:
			k += fmt.Sprintf(" b%d+%d", r.Block.ID, r.Offset)
		}
	}
	return k
}

// tails lets blocks that end alike share that end, where this is shorter than a
// jump to it.
func (sh *shortener) tails() bool {
	type pair struct {
		x, y *flow.Block
		n    int
	}
	best, bestSaved := pair{}, branchSize
	keys := map[*flow.Block][]string{}
	sizes := map[*flow.Block][]int{}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			keys[b] = append(keys[b], instKey(&b.Code[i]))
			sizes[b] = append(sizes[b], size(&b.Code[i]))
		}
	}
	for i, x := range sh.g.Blocks {
		for _, y := range sh.g.Blocks[i+1:] {
			if x.Next != y.Next || x.Computed || y.Computed {
				continue
			}
			n, saved := 0, 0
			kx, ky := keys[x], keys[y]
			for n < len(kx) && n < len(ky) && kx[len(kx)-1-n] == ky[len(ky)-1-n] {
				saved += sizes[x][len(kx)-1-n]
				n++
			}
			if saved > bestSaved {
				best, bestSaved = pair{x, y, n}, saved
			}
		}
	}
	if best.n == 0 {
		return false
	}
	x, y := best.x, best.y
	cut := len(x.Code) - best.n
	shared := &flow.Block{ID: sh.newID(), Code: slices.Clone(x.Code[cut:]), Next: x.Next}
	end := y.Code[len(y.Code)-best.n:]
	sh.note("tail merging", end, bestSaved-branchSize, text(end)+" is shared")
	x.Code, x.Next = x.Code[:cut:cut], shared
	y.Code, y.Next = y.Code[:len(y.Code)-best.n:len(y.Code)-best.n], shared
	i := slices.Index(sh.g.Blocks, x)
	sh.g.Blocks = slices.Insert(sh.g.Blocks, i+1, shared)
	sh.thread()
	sh.prune()
	return true
}

func (sh *shortener) newID() int {
	n := 0
	for _, b := range sh.g.Blocks {
		n = max(n, b.ID+1)
	}
	return n
}

// subroutines puts what is called from one place only there. That changes how far
// the stack pointer is from what was on the stack before, so the subroutine must not
// look there.
func (sh *shortener) subroutines() bool {
	calls := map[*flow.Block]int{}
	jumps := map[*flow.Block]int{}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			if in := &b.Code[i]; isCall(in) {
				calls[in.Target]++
			} else if in.Target != nil {
				jumps[in.Target]++
			}
		}
		if b.Next != nil {
			jumps[b.Next]++
		}
	}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			in := &b.Code[i]
			if !isCall(in) || !in.Direct() || !sh.selfContained(in.Target) {
				continue
			}
			if calls[in.Target] == 1 && jumps[in.Target] == 0 && in.Target != sh.g.Entry && sh.inline(b, i) {
				return true
			}
		}
	}
	return false
}

// everywhere reports whether something holds for all instructions that may run from a
// block on, those of the subroutines included that are called there.
func everywhere(entry *flow.Block, holds func(b *flow.Block, i int) bool) bool {
	seen := map[*flow.Block]bool{}
	var visit func(b *flow.Block) bool
	visit = func(b *flow.Block) bool {
		if b == nil || seen[b] {
			return true
		}
		seen[b] = true
		for i := range b.Code {
			if !holds(b, i) || !visit(b.Code[i].Target) {
				return false
			}
		}
		return visit(b.Next)
	}
	return visit(entry)
}

// selfContained reports whether a subroutine uses the stack only by PUSH, POP,
// CALL and a plain RET.
func (sh *shortener) selfContained(entry *flow.Block) bool {
	return everywhere(entry, func(b *flow.Block, i int) bool {
		in := &b.Code[i]
		switch n := name(in); {
		case n == "ret" || n == "retn":
			return len(in.Operands) == 0
		case n == "push" || n == "pop":
			r, ok := at(in, 0).register()
			return !at(in, 0).memory() && (!ok || r.number != sp)
		case isCall(in) || isSystemCall(in) || isBranch(in):
			return true
		}
		e := sh.effect(in)
		return !e.stack && !e.odd && e.reads.of(sp) == 0
	})
}

// inline puts the subroutine that is called at b.Code[i] there.
func (sh *shortener) inline(b *flow.Block, i int) bool {
	entry := b.Code[i].Target
	body := reachable(entry)
	inside := map[*flow.Block]bool{}
	for _, x := range body {
		inside[x] = true
	}
	if inside[b] || inside[sh.g.Entry] {
		return false
	}
	for _, x := range sh.g.Blocks {
		if !inside[x] && inside[x.Next] {
			return false
		}
		for k := range x.Code {
			// No other way in, and no call of a part of it: a RET goes to one
			// place only.
			in := &x.Code[k]
			if t := in.Target; t != nil && inside[t] && (isCall(in) || !inside[x]) && (x != b || k != i) {
				return false
			}
		}
	}
	sh.record("inlining", "is put where it is called", b.Code[i:i+1], nil)
	rest := &flow.Block{ID: sh.newID(), Code: slices.Clone(b.Code[i+1:]), Next: b.Next}
	b.Code, b.Next = b.Code[:i:i], entry
	at := slices.Index(sh.g.Blocks, b)
	sh.g.Blocks = slices.Insert(sh.g.Blocks, at+1, rest)
	for _, x := range body {
		if k := len(x.Code) - 1; k >= 0 && x.Code[k].Form.Flow() == x86.Return {
			x.Code, x.Next = x.Code[:k:k], rest
		}
	}
	return true
}
