package rewrite

import (
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// Shared calls. Two calls of the kernel can be made by one instruction, where
// what they have in common is done before and behind it. What differs is given
// to registers on either way before. Behind the call the ways either do the same
// but for numbers, which wait in a register that is free across the call; or they
// part again, told apart by a register that the call leaves alone and that is 0
// on one of them only.

// site is a call of the kernel with what is known around it.
type site struct {
	block, index int
	before, end  state // in front of it, and at the end of its block
	reads        parts // by the kernel
	noReturn     bool
	flags        bool  // flags matter behind it
	settles      bool  // behind it registers are set, and nothing else is done
	sets         parts // by that
}

// sites lists the calls of the kernel.
func (sh *shortener) sites(a *analysis, l *liveness) []site {
	var list []site
	for k, b := range sh.g.Blocks {
		after := make([]need, len(b.Code))
		l.through(b, after)
		first, call := len(list), 0
		var end state
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			if isSystemCall(in) {
				if s.reached {
					calls := a.callsOf(s.r[ax])
					list = append(list, site{
						block: k, index: i, before: *s, reads: l.calls[b][call].parts,
						noReturn: len(calls) > 0 && !slices.ContainsFunc(calls, func(c *linux.Syscall) bool { return !c.NoReturn() }), flags: after[i].flags != 0,
					})
				}
				call++
			}
			if i == len(b.Code)-1 {
				end = *s
				a.advance(&end, in, a.index[b]+i)
			}
		})
		for i := range list[first:] {
			x := &list[first+i]
			x.end, x.settles = end, true
			for i := x.index + 1; i < len(b.Code); i++ {
				e := sh.effect(&b.Code[i])
				x.settles = x.settles && e.pure() && !isSystemCall(&b.Code[i])
				x.sets |= e.writes
			}
		}
	}
	return list
}

// sharing is how two calls are made by one instruction.
type sharing struct {
	sites  [2]site
	ways   [2][]flow.Inst // what either way does last before the two meet
	before []flow.Inst    // what is done then, in front of the call
	behind []flow.Inst    // and behind it, where both go on alike
	part   bool           // they part behind it
	by     int            // a register that is 0 on the second way only
}

// sharings lists the ways to make two calls by one instruction.
func (sh *shortener) sharings(a *analysis, l *liveness, x, y site, last int) []sharing {
	p := sharing{sites: [2]site{x, y}}
	for r := range last {
		if r == sp || (x.reads|y.reads).of(r) == 0 || x.before.r[r] != y.before.r[r] {
			continue
		}
		if c, ok := a.content(x.before.r[r]); ok {
			if in, ok := sh.give(r, c); ok {
				p.before = append(p.before, in)
			}
		}
	}
	var list []sharing
	if s, ok := sh.parting(p, last); ok {
		list = append(list, s)
	}
	next := sh.g.Blocks[x.block].Next
	switch {
	case x.noReturn && y.noReturn:
		return append(list, p)
	case x.noReturn || y.noReturn || !x.settles || !y.settles || next == nil || next != sh.g.Blocks[y.block].Next:
		return list
	}
	return append(list, sh.meeting(a, p, l.in[next], last)...)
}

// parting lets the ways part behind the call.
func (sh *shortener) parting(p sharing, last int) (sharing, bool) {
	x, y := p.sites[0], p.sites[1]
	if n, ok := x.before.r[ax].number(); !ok || y.before.r[ax] != number(n) || x.noReturn || x.flags || y.flags {
		return p, false
	}
	for r := range last {
		if r == sp || sh.kernelWrites().of(r) != 0 {
			continue
		}
		zero := number(0)
		switch v, w := x.before.r[r], y.before.r[r]; {
		case w == zero && x.before.isNonzero(v):
			p.part, p.by = true, r
			return p, true
		case v == zero && y.before.isNonzero(w):
			p.part, p.by, p.sites = true, r, [2]site{y, x}
			return p, true
		}
	}
	return p, false
}

// meeting lets the ways go on alike behind the call, where after is what matters
// at the end.
func (sh *shortener) meeting(a *analysis, p sharing, after need, last int) []sharing {
	x, y := p.sites[0], p.sites[1]
	busy := x.reads | y.reads | sh.kernelWrites()
	if after.flags != 0 {
		return nil
	}
	// ways gives r on either way what another register is to hold at the end.
	ways := func(p *sharing, r int, end [2]content) bool {
		one, ok1 := sh.give(r, end[0])
		other, ok2 := sh.give(r, end[1])
		p.ways = [2][]flow.Inst{append(slices.Clip(p.ways[0]), one), append(slices.Clip(p.ways[1]), other)}
		return ok1 && ok2
	}
	carried := -1
	var end [2]content // of the carried one
	for r := range last {
		if r == sp || after.parts.of(r) == 0 || (x.sets|y.sets).of(r) == 0 {
			continue
		}
		one, ok1 := a.content(x.end.r[r])
		other, ok2 := a.content(y.end.r[r])
		switch {
		case !ok1 || !ok2:
			return nil
		case one == other:
			in, ok := sh.give(r, one)
			if !ok {
				return nil
			}
			p.behind = append(p.behind, in)
		case busy.of(r) == 0:
			if !ways(&p, r, [2]content{one, other}) {
				return nil
			}
		case carried >= 0:
			return nil
		default:
			carried, end = r, [2]content{one, other}
		}
	}
	if carried < 0 {
		return []sharing{p}
	}
	var list []sharing
	for r := range last {
		s := p
		back, ok := maker{bits: sh.bits}.inst("mov", reg(carried, sh.bits/8), reg(r, sh.bits/8))
		if r != sp && (busy|after.parts).of(r) == 0 && ok && ways(&s, r, end) {
			s.behind = append([]flow.Inst{back}, s.behind...)
			list = append(list, s)
		}
	}
	return list
}

// shareMoves lists pairs of calls to be made by one instruction.
func (sh *shortener) shareMoves(a *analysis, l *liveness, last int) []variant {
	var list []variant
	sites := sh.sites(a, l)
	for i, x := range sites {
		for _, y := range sites[i+1:] {
			if x.block == y.block {
				continue
			}
			for _, p := range sh.sharings(a, l, x, y, last) {
				list = append(list, func(sh *shortener) bool { return sh.share(p) })
			}
		}
	}
	return list
}

// share makes two calls by one instruction.
func (sh *shortener) share(p sharing) bool {
	var rest [2]*flow.Block
	var call flow.Inst
	shared := &flow.Block{ID: sh.newID()}
	sh.g.Blocks = append(sh.g.Blocks, shared)
	for k, s := range p.sites {
		b := sh.g.Blocks[s.block]
		call = b.Code[s.index]
		rest[k] = &flow.Block{ID: sh.newID(), Code: slices.Clone(b.Code[s.index+1:]), Next: b.Next}
		sh.g.Blocks = append(sh.g.Blocks, rest[k])
		b.Code = append(b.Code[:s.index:s.index], p.ways[k]...)
		b.Next = shared
	}
	shared.Next = rest[0].Next
	behind := p.behind
	if p.part {
		m := maker{bits: sh.bits, source: call.Source}
		r := reg(p.by, sh.bits/8)
		behind = append(m.one("test", r, r), branch(m, "je", rest[1]))
		shared.Next = rest[0]
	}
	shared.Code = slices.Concat(p.before, []flow.Inst{call}, behind)
	sh.note("shared calls", []flow.Inst{call}, size(&call)-sizeOf(slices.Concat(p.before, behind, p.ways[0], p.ways[1])), instText(&call)+" makes two calls")
	return true
}

// branch makes a conditional branch.
func branch(m maker, name string, to *flow.Block) flow.Inst {
	in := flow.Inst{Source: m.source, Target: to}
	in.Mnemonic, in.Bits = x86.LookupMnemonic(name), m.bits
	in.Operands = []x86.Operand{{Kind: x86.ImmediateOperand}}
	in.Form = x86.Forms(in.Mnemonic)[0]
	return in
}
