package rewrite

import (
	"encoding/binary"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// Words on the stack. A few constant words that the kernel reads once can be
// pushed in front of the call, at a byte or two for each that is small or that a
// register holds, and dropped behind it.

// maxWords bounds how many words are pushed.
const maxWords = 4

// reading is a call of the kernel that reads bytes of an object, and the only
// use of an address that was put into a register for it.
type reading struct {
	b        *flow.Block
	i, call  int // the instruction that takes the address, and the call
	r        int
	from, to int64 // in the object
}

// readings lists all that is done with an object; ok is false where that is more
// than to be read by the kernel, or not known.
func (sh *shortener) readings(a *analysis, l *liveness, o *flow.Object) (list []reading, ok bool) {
	if o.Bytes == nil || o.Write || len(o.Refs) > 0 || sh.refersTo(o) {
		return nil, false
	}
	for _, b := range sh.g.Blocks {
		var after []need
		for i := range b.Code {
			in := &b.Code[i]
			if in.Refs[1].Object != o {
				continue
			}
			if after == nil {
				after = make([]need, len(b.Code))
				l.through(b, after)
			}
			r, _ := at(in, 0).register()
			x := reading{b: b, i: i, call: i + 1, r: r.number, from: in.Refs[1].Offset}
			for ; x.call < len(b.Code) && !isSystemCall(&b.Code[x.call]); x.call++ {
				if e := sh.effect(&b.Code[x.call]); e.flow != x86.Next || (e.reads|e.writes).of(x.r) != 0 {
					return nil, false
				}
			}
			if x.call == len(b.Code) || after[x.call].parts.of(x.r) != 0 || in.Operands[1].Value.N != 0 {
				return nil, false
			}
			walk(a, b, func(k int, _ *flow.Inst, s *state) {
				if k == x.call && s.reached {
					x.to = x.from + sh.read(a, s, x.r)
				}
			})
			if x.from < 0 || x.to <= x.from || x.to > int64(len(o.Bytes)) {
				return nil, false
			}
			list = append(list, x)
		}
	}
	return list, true
}

// read is how many bytes the call of the kernel that is made in a state reads
// from where a register points; 0 where it does anything else, or that is not
// known.
func (sh *shortener) read(a *analysis, s *state, r int) int64 {
	calls := a.callsOf(s.r[ax])
	if len(calls) != 1 {
		return 0
	}
	call := calls[0]
	if call.NoReturn() || call.Result == linux.Jump || call.Result == linux.Twice {
		return 0
	}
	size := int64(0)
	for i, arg := range call.Args(sh.abi) {
		if sh.arguments[i] != r {
			continue
		}
		n, known := arg.Length.Bytes(sh.abi, func(k int, deref bool) (uint64, bool) {
			v, ok := s.r[sh.arguments[k]].number()
			return v, ok && !deref
		})
		if arg.Kind != linux.In || arg.Indirect || arg.Length == nil || !known || n > 1<<30 {
			return 0
		}
		size = int64(n)
	}
	return size
}

// words lists the ways to push words of objects.
func (sh *shortener) words() []variant {
	a := sh.analyze()
	if a.unclear {
		return nil
	}
	l := sh.liveness(a)
	var list []variant
	for _, o := range sh.g.Objects {
		all, ok := sh.readings(a, l, o)
		for k := range all {
			if ok && sh.isWords(all, k) && len(list) < maxTries {
				list = append(list, func(sh *shortener) bool { return sh.pushWords(o, k) })
			}
		}
	}
	return list
}

// isWords reports whether reading k of an object is of a few words that no other
// one reads.
func (sh *shortener) isWords(all []reading, k int) bool {
	x, word := &all[k], int64(sh.bits/8)
	if n := x.to - x.from; n%word != 0 || n > maxWords*word {
		return false
	}
	for i := range all {
		if y := &all[i]; i != k && y.from < x.to && x.from < y.to {
			return false
		}
	}
	return true
}

// pushWords pushes the words of reading k of an object, and takes them out of it.
func (sh *shortener) pushWords(o *flow.Object, k int) bool {
	a := sh.analyze()
	if a.unclear || !slices.Contains(sh.g.Objects, o) {
		return false
	}
	l := sh.liveness(a)
	all, ok := sh.readings(a, l, o)
	if !ok || k >= len(all) || !sh.isWords(all, k) {
		return false
	}
	x := all[k]
	code := sh.pushedWords(a, l, &x, o.Bytes[x.from:x.to])
	if code == nil {
		return false
	}
	rest := *o
	rest.Bytes = slices.Concat(o.Bytes[:x.from], o.Bytes[x.to:])
	rest.Size = int64(len(rest.Bytes))
	for i := range all {
		ref := &all[i].b.Code[all[i].i].Refs[1]
		if ref.Object = &rest; ref.Offset >= x.to {
			ref.Offset -= x.to - x.from
		}
	}
	sh.g.Objects = slices.Clone(sh.g.Objects)
	sh.g.Objects[slices.Index(sh.g.Objects, o)] = &rest
	x.b.Code = slices.Concat(x.b.Code[:x.i], code, x.b.Code[x.call+1:])
	sh.note("words on the stack", code[:1], 0, o.Name+" is pushed")
	sh.unused()
	return true
}

// pushedWords is the code of a reading from the instruction that takes the
// address to the call, with the words on the stack; nil where that can't be.
func (sh *shortener) pushedWords(a *analysis, l *liveness, x *reading, words []byte) []flow.Inst {
	b := x.b
	after := make([]need, len(b.Code))
	l.through(b, after)
	if after[x.call].flags&arithmeticFlags != 0 {
		return nil
	}
	for k := x.i + 1; k < x.call; k++ {
		if e := sh.effect(&b.Code[k]); !e.pure() || (e.reads|e.writes).of(sp) != 0 {
			return nil
		}
	}
	free := true
	c := cursor{sh: sh, a: a}
	walk(a, b, func(k int, _ *flow.Inst, s *state) {
		if k == x.i || k == x.call {
			free = free && s.reached && c.stackFree(s, after[k].parts)
		}
	})
	if !free {
		return nil
	}
	m := maker{bits: sh.bits, source: b.Code[x.i].Source}
	word := sh.bits / 8
	var code []flow.Inst
	ok := true
	add := func(name string, operands ...operand) {
		in, good := m.inst(name, operands...)
		code, ok = append(code, in), ok && good
	}
	for at := len(words) - word; at >= 0; at -= word {
		n := int64(int32(binary.LittleEndian.Uint32(words[at:])))
		if word == 8 && uint64(n) != binary.LittleEndian.Uint64(words[at:]) {
			return nil
		}
		add("push", imm(n))
	}
	add("mov", reg(x.r, word), reg(sp, word))
	code = append(code, b.Code[x.i+1:x.call+1]...)
	add("add", reg(sp, word), imm(int64(len(words))))
	if !ok {
		return nil
	}
	return code
}
