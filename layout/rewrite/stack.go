package rewrite

import (
	"tasm/codegen/x86"
	"tasm/flow"
)

// What instructions do with memory, as far as it matters to the forward
// analysis: it follows the words that the program itself puts on the stack, and
// finds out whether anything may look below the stack pointer.

func (a *analysis) makeWild() {
	if !a.wild {
		a.wild, a.again, a.weaker = true, true, a.weaker+1
	}
}

// escape notes that an address of the stack is kept where it can't be followed.
func (a *analysis) escape(low int64) {
	if low < a.escaped {
		a.escaped, a.again, a.weaker = low, true, a.weaker+1
	}
}

// atLeast reports whether v is known to be an address not below the address w.
func (a *analysis) atLeast(v, w value) bool {
	if v.unknown == w.unknown {
		return a.t.signed((v.offset-w.offset)&a.t.mask()) >= 0
	}
	if v.unknown < 0 || w.unknown < 0 {
		return false
	}
	x, y := a.t.facts(v), a.t.facts(w)
	return x.pointer && y.pointer && x.low >= y.high
}

// reach notes that memory from an address v on is used, of which f is known.
func (a *analysis) reach(s *state, v value, f unknown) {
	if !f.pointer || a.below || a.atLeast(v, s.r[sp]) {
		return
	}
	if top := a.t.facts(s.r[sp]); !top.pointer || f.low < top.high {
		a.below, a.again, a.weaker = true, true, a.weaker+1
	}
}

// memory notes what an instruction does with memory.
func (a *analysis) memory(s *state, in *flow.Inst, e *effect) {
	stored := a.stored(s, in, e)
	if stored.pointer {
		a.escape(stored.low)
	}
	if !e.load && !e.store {
		return
	}
	f := a.s.facts(in.Form)
	for i := range in.Operands {
		o := at(in, i)
		if !o.memory() || i >= len(f.operands) || f.operands[i].Access&(x86.Read|x86.Write|x86.Maybe) == 0 {
			continue
		}
		v, facts := a.effective(s, o)
		a.reach(s, v, facts)
		if f.operands[i].Access&(x86.Write|x86.Maybe) != 0 {
			a.store(s, v, facts, int64(f.operands[i].Size))
		}
	}
	for _, x := range f.implicit {
		r, ok := registerOf(x.Register)
		if !ok || !x.Memory || r.number == sp {
			continue
		}
		v, facts := s.r[r.number], a.t.facts(s.r[r.number])
		if len(in.Prefixes) != 0 && facts.pointer && !s.forward {
			v, facts = value{-1, 0}, a.unclearPointer()
		}
		a.reach(s, v, facts)
		if x.Access&x86.Write != 0 {
			size := int64(8)
			if len(in.Prefixes) != 0 {
				size = farAbove
			}
			a.store(s, v, facts, size)
		}
	}
}

// stored is what is known of the values that an instruction puts into memory,
// as far as they may be addresses of the stack.
func (a *analysis) stored(s *state, in *flow.Inst, e *effect) unknown {
	if !e.store {
		return unknown{}
	}
	if name(in) == "push" {
		if r, ok := at(in, 0).register(); ok {
			return a.t.facts(s.r[r.number])
		}
	}
	out := unknown{}
	f := a.s.facts(in.Form)
	for i := range in.Operands {
		if r, ok := at(in, i).register(); ok && i < len(f.operands) && f.operands[i].Access&x86.Read != 0 {
			if facts := a.t.facts(s.r[r.number]); facts.pointer && r.size > 2 {
				if !out.pointer || facts.low < out.low {
					out = facts
				}
			}
		}
	}
	switch name(in) {
	case "stosd", "stosq", "pusha", "pushad":
		return a.maybe(s)
	case "movsd", "movsq":
		if a.escaped != farAbove {
			out = a.unclearPointer()
		}
	}
	return out
}

// maybe is the lowest of all addresses of the stack in registers.
func (a *analysis) maybe(s *state) unknown {
	out := unknown{}
	for r := range registers {
		if f := a.t.facts(s.r[r]); f.pointer && r != sp && (!out.pointer || f.low < out.low) {
			out = f
		}
	}
	return out
}

// effective returns what is known of an effective address.
func (a *analysis) effective(s *state, o operand) (value, unknown) {
	ad := o.address(a.s.bits)
	disp := uint64(ad.disp)
	if !ad.plain {
		for _, r := range []int{ad.base, ad.index} {
			if r >= 0 && a.t.facts(s.r[r]).pointer {
				return value{-1, 0}, a.unclearPointer()
			}
		}
		return value{-1, 0}, unknown{}
	}
	if ad.base < 0 && ad.index >= 0 && ad.scale == 1 {
		ad.base, ad.index = ad.index, -1
	}
	if !ad.ref.IsZero() {
		v := a.t.address(ad.ref)
		for _, r := range []int{ad.base, ad.index} {
			if r >= 0 && a.t.facts(s.r[r]).pointer {
				return value{-1, 0}, a.unclearPointer()
			}
		}
		if ad.base < 0 && ad.index < 0 {
			return a.t.add(v, disp), unknown{}
		}
		return value{-1, 0}, unknown{}
	}
	if ad.base >= 0 && ad.index < 0 {
		v := a.t.add(s.r[ad.base], disp)
		return v, a.t.facts(v)
	}
	if ad.base < 0 && ad.index < 0 {
		return number(disp & a.t.mask()), unknown{}
	}
	if ad.index >= 0 {
		x, known := s.r[ad.index].number()
		base := number(0)
		if ad.base >= 0 {
			base = s.r[ad.base]
		}
		if known {
			v := a.t.add(base, uint64(ad.scale)*x+disp)
			return v, a.t.facts(v)
		}
	}
	f := unknown{}
	if ad.index >= 0 {
		f = a.t.facts(s.r[ad.index])
		if ad.base >= 0 {
			g := a.t.facts(a.t.add(s.r[ad.base], disp))
			most := a.t.most(s.r[ad.index])
			if g.pointer && !f.pointer && most < 1<<28 {
				// Upwards from the base.
				g.high = clamp(g.high + int64(most)*ad.scale)
				return value{-1, 0}, g
			}
			f.pointer = f.pointer || g.pointer
		}
	}
	if f.pointer {
		return value{-1, 0}, a.unclearPointer()
	}
	return value{-1, 0}, unknown{}
}

// store takes away what a store of size bytes may change.
func (a *analysis) store(s *state, v value, f unknown, size int64) {
	if !f.pointer {
		// What was never stored or computed from the stack pointer does not
		// point into the part of the stack that the program itself uses.
		if a.escaped != farAbove {
			s.slots = nil
			a.makeWild()
		}
		return
	}
	a.touch(s, v, size, false)
}

// touch takes away what is known of the stack from v on. A push is known to go
// to memory below all slots.
func (a *analysis) touch(s *state, v value, size int64, push bool) {
	if v.unknown > 0 && size < farAbove {
		k := a.t.list[v.unknown].key
		if k.kind == enteredWith && k.b == sp {
			d := a.t.signed(v.offset)
			if d+size > 0 && !push {
				if d < int64(a.s.bits/8) && d > -size {
					a.unclear = true // its own return address
				}
				a.makeWild()
			}
		} else if k.kind != stackStart && !push {
			a.makeWild()
		}
		f := a.t.facts(v)
		s.slots = without(s.slots, func(x slot) bool {
			if x.address.unknown != v.unknown {
				return f.pointer && a.t.facts(x.address).low >= f.high+size
			}
			d := a.t.signed((x.address.offset - v.offset) & a.t.mask())
			return d >= size || d <= -int64(a.s.bits/8)
		})
		return
	}
	a.makeWild()
	s.slots = nil
}

func (t *table) signed(n uint64) int64 {
	if t.bits == 32 {
		return int64(int32(n))
	}
	return int64(n)
}
