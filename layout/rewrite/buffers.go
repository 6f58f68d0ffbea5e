package rewrite

import (
	"slices"

	"tasm/flow"
)

// Buffers. Zeros behind the file ask much of the headers, and writable memory
// too. A buffer that a program only gives the kernel, to write to and to read
// from, can as well lie on the stack, below everything that the program pushes.
// (It is not zero there as far as is known: where a program may give the kernel
// more than it got, Options.KeepBuffers says so.)

// OnStack is the rule of this file.
const OnStack = "buffers on the stack"

// emptied is what headers take more, in bytes, where a program has memory that
// it writes to or that is not in the file: 57 bytes of 32-bit headers are not
// free then instead of 46.
const emptied = 11

// unused leaves out objects that nothing refers to any more.
func (sh *shortener) unused() {
	used := map[*flow.Object]bool{}
	var visit func(o *flow.Object)
	visit = func(o *flow.Object) {
		if o == nil || used[o] {
			return
		}
		used[o] = true
		for _, r := range o.Refs {
			visit(r.To.Object)
		}
	}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			for _, r := range b.Code[i].Refs {
				visit(r.Object)
			}
		}
	}
	sh.g.Objects = slices.DeleteFunc(slices.Clone(sh.g.Objects), func(o *flow.Object) bool { return !used[o] })
}

// data is what the objects take, in the file and of the headers.
func (sh *shortener) data() int {
	n, more := 0, 0
	for _, o := range sh.g.Objects {
		n += len(o.Bytes)
		if o.Bytes == nil || o.Write {
			more = emptied
		}
	}
	return n + more
}

// buffers lists the objects that can move to the stack.
func (sh *shortener) buffers() []*flow.Object {
	if sh.options.KeepBuffers {
		return nil
	}
	var list []*flow.Object
	for _, o := range sh.g.Objects {
		if o.Bytes == nil && o.Size <= maxBuffer/2 && !sh.refersTo(o) {
			list = append(list, o)
		}
	}
	return list
}

// refersTo reports whether data or an instruction other than MOV r, address
// refers to an object.
func (sh *shortener) refersTo(o *flow.Object) bool {
	for _, x := range sh.g.Objects {
		for _, r := range x.Refs {
			if r.To.Object == o {
				return true
			}
		}
	}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			in := &b.Code[i]
			for k, r := range in.Refs {
				if r.Object == o && (k != 1 || !sh.takesAddress(in)) {
					return true
				}
			}
		}
	}
	return false
}

// takesAddress reports whether an instruction does nothing but to put an address
// into a register.
func (sh *shortener) takesAddress(in *flow.Inst) bool {
	r, ok := at(in, 0).register()
	return name(in) == "mov" && ok && r.number != sp && r.size >= 4 && !at(in, 1).memory() && plain(in)
}

// toStack moves an object to the stack, below what the program pushes.
func (sh *shortener) toStack(o *flow.Object) bool {
	sh.unpush()
	a := sh.analyze()
	if a.unclear || a.escaped != farAbove {
		return false
	}
	depth := int64(0)
	type taken struct {
		place
		top int64
	}
	var list []taken
	fine := true
	for _, b := range sh.g.Blocks {
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			if !s.reached {
				return
			}
			top := a.t.facts(s.r[sp])
			if !top.pointer || top.low <= -maxBuffer {
				fine = false
				return
			}
			// A PUSH or CALL behind this point goes down by a word.
			depth = max(depth, -top.low)
			if n := name(in); n == "push" || n == "call" {
				depth = max(depth, -top.low+int64(sh.bits/8))
			}
			if in.Refs[1].Object != o {
				return
			}
			if s.r[sp].unknown == 0 || a.t.list[s.r[sp].unknown].key.kind != stackStart {
				fine = false
				return
			}
			list = append(list, taken{place{b, i}, a.t.signed(s.r[sp].offset)})
		})
	}
	size := (o.Size + 15) &^ 15
	if !fine || depth+size > maxBuffer {
		return false
	}
	for _, x := range list {
		in := &x.b.Code[x.i]
		r, _ := at(in, 0).register()
		m := maker{bits: sh.bits, source: in.Source}
		made, ok := m.inst("lea", reg(r.number, sh.bits/8), mem(sp, in.Refs[1].Offset+in.Operands[1].Value.N-depth-size-x.top, sh.bits, 0))
		if !ok {
			return false
		}
		x.b.Code[x.i] = made
	}
	for sh.widen() {
	}
	if sh.usesStack() {
		return false
	}
	sh.note(OnStack, nil, 0, o.Name+" lies on the stack")
	sh.unused()
	return true
}

// widen makes a MOV of 32 bits one of 64 where it copies an address that lies on the
// stack now, and reports whether there was one.
func (sh *shortener) widen() bool {
	if sh.bits == 32 {
		return false
	}
	a, changed := sh.analyze(), false
	for _, b := range sh.g.Blocks {
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			to, ok1 := at(in, 0).register()
			from, ok2 := at(in, 1).register()
			if !s.reached || name(in) != "mov" || !ok1 || !ok2 || to.size != 4 || from.number == sp || !a.t.facts(s.r[from.number]).pointer {
				return
			}
			if made, ok := (maker{bits: sh.bits, source: in.Source}).inst("mov", reg(to.number, 8), reg(from.number, 8)); ok {
				b.Code[i], changed = made, true
			}
		})
	}
	return changed
}

// usesStack reports whether the program itself may use memory through an address
// of the stack in another register than the stack pointer, or only a part of such an
// address.
func (sh *shortener) usesStack() bool {
	a := sh.analyze()
	uses := a.unclear
	for _, b := range sh.g.Blocks {
		walk(a, b, func(i int, in *flow.Inst, s *state) {
			if !s.reached || isSystemCall(in) || in.Target != nil {
				return
			}
			if e := sh.effect(in); !e.load && !e.store {
				to, ok := at(in, 0).register()
				for r := range registers {
					uses = uses || ok && to.size*8 < sh.bits && to.number != sp && r != sp && e.reads.of(r) != 0 && a.t.facts(s.r[r]).pointer
				}
				return
			}
			for r := range registers {
				if r != sp && sh.effect(in).reads.of(r) != 0 && a.t.facts(s.r[r]).pointer && name(in) != "push" {
					uses = true
				}
			}
		})
	}
	return uses
}

// unpush turns pairs of PUSH and POP that set a register to a number into MOV,
// since these use the stack.
func (sh *shortener) unpush() {
	for _, b := range sh.g.Blocks {
		for i := 0; i+1 < len(b.Code); i++ {
			in, next := &b.Code[i], &b.Code[i+1]
			n, ok1 := at(in, 0).number()
			r, ok2 := at(next, 0).register()
			if name(in) != "push" || name(next) != "pop" || !ok1 || !ok2 || r.number == sp || r.size*8 != sh.bits {
				continue
			}
			if made, ok := (maker{bits: sh.bits, source: in.Source}).inst("mov", reg(r.number, r.size), imm(n)); ok {
				b.Code = slices.Concat(b.Code[:i], []flow.Inst{made}, b.Code[i+2:])
			}
		}
	}
}
