package rewrite

import "tasm/flow"

// Detours. Where control comes to a loop it may as well come there through the
// block that leads back, if what that does changes nothing the first time: sums
// and products of zeros, say. The loop then ends with the branch that repeats it.

// detourMoves lists the ways on which a block can be gone through that changes
// nothing there.
func (sh *shortener) detourMoves(a *analysis, l *liveness) []variant {
	var list []variant
	for i, b := range sh.g.Blocks {
		if b.Next == nil || !a.in[b].reached {
			continue
		}
		end := *a.in[b]
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			end = *s
			a.advance(&end, in, a.index[b]+i)
		})
		for k, via := range sh.g.Blocks {
			if via != b && via.Next == b.Next && end.reached && len(via.Code) > 0 && sh.idle(a, via, end, l.in[via.Next]) {
				list = append(list, func(sh *shortener) bool { return sh.detour(sh.g.Blocks[i], sh.g.Blocks[k]) })
			}
		}
	}
	return list
}

// idle reports whether a block that begins in a state leaves what matters behind
// it as it is.
func (sh *shortener) idle(a *analysis, b *flow.Block, s state, after need) bool {
	t := s
	for i := range b.Code {
		in := &b.Code[i]
		e := sh.effect(in)
		if isSystemCall(in) || !e.pure() || e.flagsWritten&after.flags != 0 {
			return false
		}
		a.step(&t, in, sh.number())
	}
	for r := range registers {
		m := masks(after.parts.of(r))
		x, ok1 := s.r[r].number()
		y, ok2 := t.r[r].number()
		if m != 0 && s.r[r] != t.r[r] && (!ok1 || !ok2 || (x^y)&m != 0) {
			return false
		}
	}
	return true
}

// detour lets control go from one block to its next one through another.
func (sh *shortener) detour(b, via *flow.Block) bool {
	b.Next = via
	sh.note("detours", via.Code, 0, text(via.Code)+" is gone through where it changes nothing")
	return true
}
