package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// saves takes out a PUSH and the POPs that take from the stack what it put
// there, where that changes nothing: the register has not changed in between, or
// its value does not matter behind. Subroutines in ordinary style save registers
// that nobody misses.
//
// Everything that runs in between must leave the stack alone but for pairs of
// PUSH and POP, CALL and RET, and must not look at it. It is a part of the
// program that is entered through the PUSH alone.
func (sh *shortener) saves(a *analysis, l *liveness) bool {
	if a.escaped != farAbove || a.below {
		return false
	}
	preds := sh.predecessors()
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			in := &b.Code[i]
			r, ok := at(in, 0).register()
			if name(in) != "push" || !ok || r.number == sp || r.size*8 != sh.bits || !plain(in) {
				continue
			}
			s := saved{sh: sh, a: a, l: l, register: r.number, heights: map[*flow.Block]int{}, pops: map[place]bool{}}
			if !s.follow(b, i+1, 1) || !s.closed(b, preds) {
				continue
			}
			pops := 0
			for range s.pops {
				pops++
			}
			sh.note("needless saves", b.Code[i:i+1], size(in)*(1+pops), instText(in)+" and what takes it back are not needed")
			s.pops[place{b, i}] = true
			sh.remove(s.pops)
			return true
		}
	}
	return false
}

// place is an instruction of the program.
type place struct {
	b *flow.Block
	i int
}

type saved struct {
	sh       *shortener
	a        *analysis
	l        *liveness
	register int
	heights  map[*flow.Block]int // words above the saved one at the beginning of a block, and it
	pops     map[place]bool      // that take the saved one
}

// follow goes through the code from b.Code[i] on, with height words on the
// stack from the saved one on. It is false where the pair has to stay.
func (s *saved) follow(b *flow.Block, i, height int) bool {
	for ; i < len(b.Code); i++ {
		in := &b.Code[i]
		switch n := name(in); {
		case n == "push" && plain(in):
			if !s.simple(b, i) || operandWidth(in, s.sh.bits) != s.sh.bits/8 {
				return false
			}
			height++
		case n == "pop" && plain(in):
			r, ok := at(in, 0).register()
			if !ok || r.number == sp || r.size*8 != s.sh.bits {
				return false
			}
			if height == 1 {
				s.pops[place{b, i}] = true
				return s.needless(b, i, r.number)
			}
			height--
		case isCall(in):
			if !s.sh.selfContained(in.Target) || !s.blind(in.Target) {
				return false
			}
		case isBranch(in):
			if !s.enter(in.Target, height) {
				return false
			}
		case isSystemCall(in):
			if s.shows(b, i) {
				return false
			}
		default:
			if in.Form.Flow() != x86.Next || !s.simple(b, i) {
				return false
			}
		}
	}
	return b.Next == nil || s.enter(b.Next, height)
}

// operandWidth is the size in bytes of what a PUSH puts on the stack.
func operandWidth(in *flow.Inst, bits int) int {
	o := at(in, 0)
	if r, ok := o.register(); ok {
		return r.size
	}
	if o.Size > 1 {
		return o.Size
	}
	return bits / 8
}

func (s *saved) enter(b *flow.Block, height int) bool {
	if h, ok := s.heights[b]; ok {
		return h == height
	}
	s.heights[b] = height
	return s.follow(b, 0, height)
}

// simple reports whether an instruction neither looks at the stack pointer nor
// uses memory through an address of the stack.
func (s *saved) simple(b *flow.Block, i int) bool {
	in := &b.Code[i]
	e := s.sh.effect(in)
	if e.odd || name(in) != "push" && (e.reads|e.writes).of(sp) != 0 {
		return false
	}
	for k := range in.Operands {
		o := at(in, k)
		if !o.memory() {
			continue
		}
		if a := o.address(s.sh.bits); a.base == sp || a.index == sp {
			return false
		}
	}
	if !e.load && !e.store || name(in) == "push" && !at(in, 0).memory() {
		return true
	}
	ok := true
	walk(s.a, b, func(k int, _ *flow.Inst, st *state) {
		if k != i {
			return
		}
		for r := range registers {
			if r != sp && e.reads.of(r) != 0 && s.a.t.facts(st.r[r]).pointer {
				ok = false
			}
		}
	})
	return ok
}

// shows reports whether a system call may be given an address of the stack.
func (s *saved) shows(b *flow.Block, i int) bool {
	shown := false
	walk(s.a, b, func(k int, _ *flow.Inst, st *state) {
		if k != i || !st.reached {
			return
		}
		read := s.sh.kernelReads(s.a.callsOf(st.r[ax]))
		for r := range registers {
			shown = shown || r != sp && read.of(r) != 0 && s.a.t.facts(st.r[r]).pointer
		}
	})
	return shown
}

// blind reports whether a subroutine, with those that it calls, uses no memory
// through an address of the stack.
func (s *saved) blind(entry *flow.Block) bool {
	return everywhere(entry, func(b *flow.Block, i int) bool {
		in := &b.Code[i]
		switch {
		case in.Target != nil:
			return true
		case isSystemCall(in):
			return !s.shows(b, i)
		}
		return in.Form.Flow() != x86.Next || name(in) == "push" || name(in) == "pop" || s.simple(b, i)
	})
}

// needless reports whether a POP of the saved word into r changes nothing that
// matters.
func (s *saved) needless(b *flow.Block, i, r int) bool {
	after := make([]need, len(b.Code))
	s.l.through(b, after)
	if after[i].parts.of(r) == 0 {
		return true
	}
	same := false
	walk(s.a, b, func(k int, _ *flow.Inst, st *state) {
		if k == i && st.reached {
			v, ok := s.a.slot(st, st.r[sp])
			same = ok && v == st.r[r]
		}
	})
	return same
}

// closed reports whether what was followed is entered only through the PUSH in
// block b.
func (s *saved) closed(b *flow.Block, preds map[*flow.Block][]*flow.Block) bool {
	if _, again := s.heights[b]; again {
		return false
	}
	for x := range s.heights {
		for _, p := range preds[x] {
			if p == nil {
				return false
			}
			if _, inside := s.heights[p]; !inside && p != b {
				return false
			}
		}
	}
	return true
}

// predecessors lists from where control comes to each block; nil stands for the
// start of the program and for calls.
func (sh *shortener) predecessors() map[*flow.Block][]*flow.Block {
	preds := map[*flow.Block][]*flow.Block{sh.g.Entry: {nil}}
	for _, b := range sh.g.Blocks {
		for _, n := range successors(b) {
			preds[n] = append(preds[n], b)
		}
		for i := range b.Code {
			if in := &b.Code[i]; isCall(in) {
				preds[in.Target] = append(preds[in.Target], nil)
			}
		}
	}
	return preds
}

// stackPointer removes what gives the stack pointer the value that it has, and
// shortens the end of a stack frame.
func stackPointer(c *cursor, i int) (int, []flow.Inst) {
	in := &c.code[i]
	r, ok := at(in, 0).register()
	if !ok || r.number != sp || r.size*8 != c.bits() || !plain(in) {
		return 0, nil
	}
	e := c.effect(in)
	switch name(in) {
	case "mov", "lea", "add", "sub", "and":
	default:
		return 0, nil
	}
	if e.load || e.store || e.flagsWritten&c.after[i].flags != 0 {
		return 0, nil
	}
	s := c.s
	c.a.step(&s, in, c.index())
	if s.r[sp] == c.s.r[sp] {
		return 1, []flow.Inst{}
	}
	if q, ok := at(in, 1).register(); ok && q.number == bp && name(in) == "mov" && i+1 < len(c.code) {
		next := &c.code[i+1]
		if p, ok := at(next, 0).register(); ok && name(next) == "pop" && p.number == bp && p.size*8 == c.bits() && plain(next) {
			return 2, c.make(i).one("leave")
		}
	}
	return 0, nil
}
