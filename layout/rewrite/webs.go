package rewrite

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
)

// Webs. What a register holds between the instructions that set it and those
// that use what these have set is a web (Muchnick, Advanced Compiler Design and
// Implementation, 16.3.3). A register usually serves several webs, and each may
// move to another register where the two do not interfere: then copies between
// them are not needed any more, and shorter encodings may fit.

// web is a connected set of definitions and uses of one register.
type web struct {
	register int
	defs     map[place]bool
	uses     map[place]bool
	fixed    bool // an instruction or the kernel wants this very register
	copies   int  // MOVs and XCHGs among its definitions and uses
}

// bitset is a set of small numbers.
type bitset []uint64

func (s bitset) has(n int) bool { return s[n/64]>>(n%64)&1 != 0 }
func (s bitset) add(n int)      { s[n/64] |= 1 << (n % 64) }

// merge adds o to s and reports whether s grew.
func (s bitset) merge(o bitset) bool {
	grew := false
	for i := range s {
		if o[i]&^s[i] != 0 {
			s[i] |= o[i]
			grew = true
		}
	}
	return grew
}

// touch is what an instruction does with the registers as wholes.
type touch struct {
	reads, writes, kills parts
	fixed                parts // of these, no other register can stand in
}

// touches finds what each instruction of the program does with registers.
func (sh *shortener) touches(l *liveness) map[place]touch {
	m := map[place]touch{}
	everything := ^parts(0)
	for _, b := range sh.g.Blocks {
		call := 0
		for i := range b.Code {
			in := &b.Code[i]
			var t touch
			switch {
			case isSystemCall(in):
				t.reads = l.calls[b][call].parts
				call++
				t.writes = sh.kernelWrites()
				t.fixed = t.reads | t.writes
				for _, r := range sh.clobbers {
					t.kills |= whole(r)
				}
				t.kills |= whole(ax)
			case isCall(in), in.Form.Flow() == x86.Return:
				t = touch{everything, everything, everything, everything}
			default:
				e := sh.effect(in)
				t.reads, t.writes, t.kills = e.reads, e.writes, e.kills
				for _, x := range sh.facts(in.Form).implicit {
					if r, ok := registerOf(x.Register); ok {
						t.fixed |= whole(r.number)
					}
				}
				if len(in.Prefixes) != 0 || e.odd {
					t.fixed = everything
				}
			}
			m[place{b, i}] = t
		}
	}
	return m
}

// definitions are those of one register, and which of them reach the beginnings of
// blocks (Muchnick 8.1.2, reaching definitions).
type definitions struct {
	sh      *shortener
	r       int
	word    parts // of the register
	touches map[place]touch
	list    []place // the first is what is there at entry, and where a subroutine begins
	number  map[place]int
	in      map[*flow.Block]bitset
	group   []int // what definitions belong to: the number of another one, or their own
}

// definitions finds the definitions of a register.
func (sh *shortener) definitions(r int, touches map[place]touch) *definitions {
	d := &definitions{sh: sh, r: r, word: whole(r), touches: touches, list: []place{{}}, number: map[place]int{}, in: map[*flow.Block]bitset{}}
	if sh.bits == 32 {
		d.word &= lowParts
	}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			if p := (place{b, i}); touches[p].writes&d.word != 0 {
				d.number[p] = len(d.list)
				d.list = append(d.list, p)
			}
		}
	}
	for i := range d.list {
		d.group = append(d.group, i)
	}
	for _, b := range sh.g.Blocks {
		d.in[b] = make(bitset, len(d.list)/64+1)
	}
	for b, list := range sh.predecessors() {
		if slices.Contains(list, nil) {
			d.in[b].add(0)
		}
	}
	for changed := true; changed; {
		changed = false
		for _, b := range sh.g.Blocks {
			changed = d.through(b, nil) || changed
		}
	}
	return d
}

// through carries the definitions that reach a block on to the blocks behind it, and
// reports whether more reach one of these.
func (d *definitions) through(b *flow.Block, visit func(p place, reaching bitset)) bool {
	now := slices.Clone(d.in[b])
	changed := false
	for i := range b.Code {
		p := place{b, i}
		if visit != nil {
			visit(p, now)
		}
		if t := d.touches[p]; t.writes&d.word != 0 {
			if t.kills&d.word == d.word {
				clear(now)
			}
			now.add(d.number[p])
		}
		if to := b.Code[i].Target; to != nil && d.in[to].merge(now) {
			changed = true
		}
	}
	return b.Next != nil && d.in[b.Next].merge(now) || changed
}

// find returns the definition that stands for those that i belongs to.
func (d *definitions) find(i int) int {
	for d.group[i] != i {
		i = d.group[i]
	}
	return i
}

// uses joins definitions that reach the same use, and returns for each use one of the
// definitions that reach it.
func (d *definitions) uses() map[place]int {
	users := map[place]int{}
	for _, b := range d.sh.g.Blocks {
		d.through(b, func(p place, reaching bitset) {
			t := d.touches[p]
			inPart := t.writes&d.word != 0 && t.kills&d.word != d.word
			if t.reads&d.word == 0 && !inPart {
				return
			}
			first := -1
			for k := range d.list {
				if !reaching.has(k) {
					continue
				}
				if first < 0 {
					first = d.find(k)
				}
				d.group[d.find(k)] = first
			}
			if first < 0 {
				return
			}
			users[p] = first
			// What is changed in part stays where it was.
			if inPart || t.writes&d.word != 0 && sameOperand(&p.b.Code[p.i], d.r) {
				d.group[d.find(d.number[p])] = first
			}
		})
	}
	return users
}

// webs finds the webs of a register.
func (sh *shortener) webs(r int, touches map[place]touch) []*web {
	d := sh.definitions(r, touches)
	users := d.uses()
	list := map[int]*web{}
	get := func(k int) *web {
		w := list[d.find(k)]
		if w == nil {
			w = &web{register: r, defs: map[place]bool{}, uses: map[place]bool{}}
			list[d.find(k)] = w
		}
		return w
	}
	get(0).fixed = true
	add := func(w *web, set map[place]bool, p place) {
		set[p] = true
		w.fixed = w.fixed || touches[p].fixed&d.word != 0
		if n := name(&p.b.Code[p.i]); n == "mov" || n == "xchg" {
			w.copies++
		}
	}
	for k, p := range d.list[1:] {
		w := get(k + 1)
		add(w, w.defs, p)
	}
	for p, k := range users {
		w := get(k)
		add(w, w.uses, p)
	}
	var webs []*web
	for k := range d.list {
		if w := list[k]; w != nil && d.find(k) == k {
			webs = append(webs, w)
		}
	}
	return webs
}

// sameOperand reports whether an operand of the instruction reads and writes r.
func sameOperand(in *flow.Inst, r int) bool {
	for i, o := range in.Form.Operands() {
		if q, ok := at(in, i).register(); ok && q.number == r && o.Access&x86.Read != 0 && o.Access&(x86.Write|x86.Maybe) != 0 {
			return true
		}
	}
	return false
}

// copyOf reports whether the instruction only copies y to x, as far as matters
// behind it.
func (sh *shortener) copyOf(in *flow.Inst, x, y int, after need) bool {
	a, ok1 := at(in, 0).register()
	b, ok2 := at(in, 1).register()
	word := sh.bits / 8
	if !ok1 || !ok2 || a.size != word || b.size != word || !plain(in) {
		return false
	}
	switch name(in) {
	case "mov":
		return a.number == x && b.number == y
	case "xchg":
		return (a.number == x && b.number == y || a.number == y && b.number == x) && after.parts.of(y) == 0
	}
	return false
}

// mayMove reports whether the web can move to register o: at no definition of
// either does the other matter behind, unless both hold the same then.
func (sh *shortener) mayMove(w *web, o int, l *liveness, touches map[place]touch) bool {
	word := whole(o)
	if sh.bits == 32 {
		word &= lowParts
	}
	reaches := sh.extent(w, touches)
	for _, b := range sh.g.Blocks {
		after := make([]need, len(b.Code))
		l.through(b, after)
		for i := range b.Code {
			p := place{b, i}
			in := &b.Code[i]
			t := touches[p]
			if w.defs[p] && after[i].parts&word != 0 && !sh.copyOf(in, w.register, o, after[i]) {
				return false
			}
			if t.writes&word != 0 && reaches(p) && after[i].parts.of(w.register) != 0 && !sh.copyOf(in, o, w.register, after[i]) {
				return false
			}
		}
	}
	return true
}

// extent tells behind which instructions a definition of the web may be what the
// register holds.
func (sh *shortener) extent(w *web, touches map[place]touch) func(place) bool {
	word := whole(w.register)
	if sh.bits == 32 {
		word &= lowParts
	}
	in := map[*flow.Block]bool{}
	behind := map[place]bool{}
	for changed := true; changed; {
		changed = false
		enter := func(b *flow.Block, now bool) {
			if b != nil && now && !in[b] {
				in[b], changed = true, true
			}
		}
		for _, b := range sh.g.Blocks {
			now := in[b]
			for i := range b.Code {
				p := place{b, i}
				t := touches[p]
				if t.writes&word != 0 {
					// A definition of another web ends it: webs that meet are one.
					now = w.defs[p]
				}
				behind[p] = now
				enter(b.Code[i].Target, now)
			}
			enter(b.Next, now)
		}
	}
	return func(p place) bool { return behind[p] }
}

// move lets a web live in register o. It is false where an instruction has no
// form for that; then the program is spoilt.
func (sh *shortener) move(w *web, o int) bool {
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			p := place{b, i}
			def, use := w.defs[p], w.uses[p]
			if !def && !use {
				continue
			}
			made, ok := sh.renamed(&b.Code[i], w.register, o, def, use)
			if !ok {
				return false
			}
			b.Code[i] = made
		}
	}
	sh.note("webs", nil, 0, fmt.Sprintf("%s is kept in %s for a while",
		x86.RegisterName(generalRegister(w.register, sh.bits)), x86.RegisterName(generalRegister(o, sh.bits))))
	return true
}

// renamed is the instruction with register o in place of r: where it sets it,
// where it uses it, or both.
func (sh *shortener) renamed(in *flow.Inst, r, o int, def, use bool) (flow.Inst, bool) {
	forms := in.Form.Operands()
	if n := name(in); def && !use && (n == "xor" || n == "sub") {
		use = true // of itself: it makes a zero
	}
	return sh.withRegisters(in, func(k int, q register) (int, bool) {
		if q.number != r || k >= len(forms) {
			return 0, false
		}
		if in.Operands[k].Kind != x86.RegisterOperand {
			return o, use
		}
		sets := forms[k].Access&(x86.Write|x86.Maybe) != 0 && forms[k].Access&x86.Read == 0
		if q.size < 4 {
			sets = sets && !use // it keeps the rest of the register
		}
		if sets {
			return o, def
		}
		return o, use
	})
}

// withRegisters makes an instruction with other registers. other is asked for each
// register in operand k, and is false where it stays. It is false where the instruction
// has no such form.
func (sh *shortener) withRegisters(in *flow.Inst, other func(k int, q register) (int, bool)) (flow.Inst, bool) {
	operands := make([]operand, len(in.Operands))
	fine := true
	for k := range in.Operands {
		rename := func(id lang.RegisterID) lang.RegisterID {
			q, ok := registerOf(id)
			if !ok {
				return id
			}
			o, changes := other(k, q)
			switch {
			case !changes:
				return id
			case o > 3 && (q.high || q.size == 1 && sh.bits == 32):
				fine = false
				return id
			case q.high:
				return highReg(o).Register
			}
			return x86.GeneralRegister(o, q.size)
		}
		x := in.Operands[k]
		operands[k] = operand{&x, in.Refs[k]}
		if x.Kind == x86.RegisterOperand {
			x.Register = rename(x.Register)
			continue
		}
		v := lang.Number64(x.Value.N)
		v.Hint, v.HintReg = x.Value.Hint, rename(x.Value.HintReg)
		for _, t := range x.Value.Terms() {
			if t.Kind != lang.RegisterTerm {
				return flow.Inst{}, false
			}
			v.AddRegister(rename(lang.RegisterID(t.ID)), t.Coef)
		}
		x.Value = v
	}
	if !fine {
		return flow.Inst{}, false
	}
	m := maker{bits: sh.bits, source: in.Source, prefixes: in.Prefixes}
	made, ok := m.inst(name(in), operands...)
	made.Target = in.Target
	return made, ok
}
