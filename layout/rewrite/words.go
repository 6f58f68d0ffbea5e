package rewrite

import (
	"bytes"
	"encoding/binary"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/linux"
)

// Words on the stack. A few constant words that the kernel reads once can be
// pushed in front of the call, at a byte or two for each that is small or that a
// register holds, and dropped behind it. Of the last word only a part may be read:
// the rest of it can be bytes of the headers.

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
			x.to = x.from + sh.read(a, b, x.call, x.r)
			if x.from < 0 || x.to <= x.from || x.to > int64(len(o.Bytes)) {
				return nil, false
			}
			list = append(list, x)
		}
	}
	return list, true
}

// read is how many bytes the call of the kernel that instruction i of a block
// makes reads from where a register points; 0 where it may do anything else, but
// to end the program, or that is not known.
func (sh *shortener) read(a *analysis, b *flow.Block, i, r int) int64 {
	size := int64(0)
	for _, s := range cases(a, b, i) {
		calls := a.callsOf(s.r[ax])
		if len(calls) != 1 || calls[0].Result == linux.Jump || calls[0].Result == linux.Twice {
			return 0
		}
		if calls[0].NoReturn() {
			continue
		}
		n := sh.reads(calls[0], &s, r)
		if n == 0 || size != 0 && size != n {
			return 0
		}
		size = n
	}
	return size
}

// reads is how many bytes a call that is made in a state reads from where a
// register points; 0 where it does anything else with it, or that is not known.
func (sh *shortener) reads(call *linux.Syscall, s *state, r int) int64 {
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

// cases lists states one of which is there in front of instruction i of a block:
// where an instruction before it leaves one of two numbers in a register, one
// for each of them.
func cases(a *analysis, b *flow.Block, i int) []state {
	list := []state{*a.in[b]}
	for k := range i {
		for c := range list {
			a.advance(&list[c], &b.Code[k], a.index[b]+k)
		}
		if s := list[0]; len(list) == 1 {
			for r := range registers {
				if two := a.t.few(s.r[r]); len(two) == 2 && len(list) == 1 {
					list = []state{s.with(s.r[r], two[0]), s.with(s.r[r], two[1])}
				}
			}
		}
	}
	return slices.DeleteFunc(list, func(s state) bool { return !s.reached })
}

// words lists the ways to push words of objects. They are dropped behind the call;
// with early in front of it, where nobody else uses the stack: the kernel reads
// below the stack pointer too.
func (sh *shortener) words(early bool) []variant {
	a := sh.analyze()
	if a.unclear || early && !sh.alone(a) {
		return nil
	}
	l := sh.liveness(a)
	var list []variant
	for _, o := range sh.g.Objects {
		all, ok := sh.readings(a, l, o)
		for k := range all {
			if ok && sh.isWords(all, k) && len(list) < maxTries {
				list = append(list, func(sh *shortener) bool { return sh.pushWords(o, k, early) })
			}
		}
	}
	return list
}

// offerDontCare pushes words that make the code longer, but no longer than by bytes that
// may hold anything, and offers the programs that are the shortest without these.
func (sh *shortener) offerDontCare() {
	type offer struct {
		*shortener
		size int
	}
	var offers []offer
	from := newShortener(sh.g, sh.options, sh.caches, sh.budget)
	from.relax()
	for _, v := range append(from.words(false), from.words(true)...) {
		next := newShortener(from.g, sh.options, sh.caches, sh.budget)
		next.changes = slices.Clone(sh.changes)
		if !sh.budget.over() && v(next) && next.all() {
			offers = append(offers, offer{next, next.total() - next.dontCare()})
		}
	}
	slices.SortStableFunc(offers, func(a, b offer) int { return a.size - b.size })
	for _, o := range offers[:min(len(offers), maxDontCare)] {
		if o.size <= sh.total() {
			sh.options.Step(o.g, o.changes)
		}
	}
}

// alone reports whether nothing else writes to the program's stack: it has no
// handlers of signals, and no other threads.
func (sh *shortener) alone(a *analysis) bool {
	alone := true
	for _, b := range sh.g.Blocks {
		walk(a, b, func(_ int, in *flow.Inst, s *state) {
			if !isSystemCall(in) || !s.reached {
				return
			}
			calls := a.callsOf(s.r[ax])
			alone = alone && len(calls) > 0
			for _, call := range calls {
				alone = alone && call.Result != linux.Jump && call.Result != linux.Twice &&
					!slices.ContainsFunc(a.command(s, call).Args(sh.abi), func(arg linux.Arg) bool { return arg.Kind == linux.Opaque || arg.Indirect })
			}
		})
	}
	return alone
}

// dontCare is how many bytes of the code may hold anything.
func (sh *shortener) dontCare() int {
	n := 0
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			n += b.Code[i].DontCare
		}
	}
	return n
}

// isWords reports whether reading k of an object is of a few words that no other
// one reads.
func (sh *shortener) isWords(all []reading, k int) bool {
	x, word := &all[k], int64(sh.bits/8)
	if x.to-x.from > maxWords*word {
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
func (sh *shortener) pushWords(o *flow.Object, k int, early bool) bool {
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
	code := sh.pushedWords(a, l, &x, o.Bytes[x.from:x.to], early)
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
func (sh *shortener) pushedWords(a *analysis, l *liveness, x *reading, words []byte, early bool) []flow.Inst {
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
	size := (len(words) + word - 1) &^ (word - 1)
	for at := size - word; at >= 0; at -= word {
		n, dontCare := pushable(words[at:min(at+word, len(words))])
		if dontCare < 0 {
			return nil
		}
		add("push", imm(n))
		code[len(code)-1].DontCare = dontCare
	}
	add("mov", reg(x.r, word), reg(sp, word))
	code = append(code, b.Code[x.i+1:x.call+1]...)
	add("add", reg(sp, word), imm(int64(size)))
	if n := len(code); early {
		code[n-2], code[n-1] = code[n-1], code[n-2]
	}
	if !ok {
		return nil
	}
	return code
}

// pushable is the number that PUSH puts on the stack to let a word begin with some
// bytes, and how many bytes of its 32-bit immediate may hold anything; that is -1
// where no immediate does.
func pushable(begin []byte) (n int64, dontCare int) {
	known := min(len(begin), 4)
	var low [4]byte
	copy(low[:], begin)
	n = int64(int32(binary.LittleEndian.Uint32(low[:])))
	if known == 1 {
		n = int64(int8(begin[0]))
	}
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], uint64(n))
	if !bytes.HasPrefix(all[:], begin) {
		return 0, -1
	}
	return n, 4 - known
}
