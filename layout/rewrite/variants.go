package rewrite

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/lang"
)

// Some changes pay only because of what the rules make of them afterwards. They
// are tried on the program as a whole: the registers of two values exchange
// their parts throughout, or a register that the program does not use holds the
// address of its data. Whichever variant is the shortest in the end is taken.

// variant is a change to the program as a whole; it reports false where it is
// none.
type variant func(sh *shortener) bool

// use is what a program does with registers.
type use struct {
	any   parts // read or written by an instruction or the kernel
	fixed parts // so that no other register can stand in for them
}

// usage finds what the program does with registers.
func (sh *shortener) usage() use {
	a := sh.analyze()
	u := use{fixed: whole(sp)}
	if a.unclear {
		return use{^parts(0), ^parts(0)}
	}
	l := sh.liveness(a)
	for _, n := range sh.clobbers {
		u.fixed |= whole(n)
	}
	u.fixed |= whole(ax)
	for _, b := range sh.g.Blocks {
		for _, n := range l.calls[b] {
			u.fixed |= n.parts
		}
		for i := range b.Code {
			in := &b.Code[i]
			e := sh.effect(in)
			u.any |= e.reads | e.writes
			for _, x := range sh.facts(in.Form).implicit {
				if r, ok := registerOf(x.Register); ok {
					u.fixed |= whole(r.number)
				}
			}
			if len(in.Prefixes) > 0 {
				u.fixed |= whole(cx)
			}
		}
	}
	for r := range registers {
		if u.fixed.of(r) != 0 {
			u.fixed |= whole(r)
		}
	}
	u.any |= u.fixed
	return u
}

// variants lists what is to be tried.
func (sh *shortener) variants() []variant {
	u := sh.usage()
	var list []variant
	count := 0
	for _, b := range sh.g.Blocks {
		count += len(b.Code)
	}
	last := 8
	if sh.bits == 64 {
		last = registers
	}
	for r := range last {
		if u.any.of(r) == 0 {
			if o, k, n := sh.commonest(); n > 1 {
				list = append(list, func(sh *shortener) bool { return sh.pointAt(r, o, k) })
			}
			break
		}
	}
	if count > maxVaried {
		return list
	}
	list = append(list, sh.words(false)...)
	for _, p := range sh.exchanges(u, last) {
		list = append(list, func(sh *shortener) bool { return sh.exchange(p[0], p[1]) })
	}
	return list
}

// exchanges lists the pairs of registers that may be worth exchanging: those
// whose exchange makes the program as it stands shorter, best first, and those
// that bring a pointer to where string instructions want it.
func (sh *shortener) exchanges(u use, last int) [][2]int {
	type pair struct{ x, y, saved int }
	var pairs []pair
	size := sh.total()
	for x := range last {
		for y := x + 1; y < last; y++ {
			if (u.fixed.of(x)|u.fixed.of(y)) != 0 || u.any.of(x)|u.any.of(y) == 0 {
				continue
			}
			try := &shortener{g: clone(sh.g), bits: sh.bits, caches: sh.caches, budget: sh.budget}
			if !try.exchange(x, y) {
				continue
			}
			saved := size - try.total()
			if saved > 0 || saved == 0 && (x == si || y == si || x == di || y == di) {
				pairs = append(pairs, pair{x, y, saved})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return b.saved - a.saved })
	var list [][2]int
	for _, p := range pairs[:min(len(pairs), maxTries)] {
		list = append(list, [2]int{p.x, p.y})
	}
	return list
}

// commonest finds the object to whose bytes most instructions refer, and the
// address from which most of those are near.
func (sh *shortener) commonest() (object *flow.Object, offset int64, count int) {
	at := map[*flow.Object][]int64{}
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			in := &b.Code[i]
			for _, r := range in.Refs {
				if r.Object != nil {
					at[r.Object] = append(at[r.Object], r.Offset)
				}
			}
		}
	}
	for _, o := range sh.g.Objects {
		list := at[o]
		slices.Sort(list)
		for i, start := range list {
			n := 0
			for n < len(list)-i && list[i+n]-start < 256 {
				n++
			}
			if n > count {
				object, offset, count = o, start+min(127, (list[i+n-1]-start)/2), n
				if list[i+n-1]-start < 128 {
					offset = start
				}
			}
		}
	}
	return object, offset, count
}

// pointAt lets a register that the program does not use hold an address.
func (sh *shortener) pointAt(r int, o *flow.Object, offset int64) bool {
	size := 4
	if sh.bits == 64 && !sh.options.LowAddresses {
		return false
	}
	code := maker{bits: sh.bits}.one("mov", reg(r, size), immRef(flow.Ref{Object: o, Offset: offset}))
	sh.start().Code = code
	// Before another rule finds that nobody asks for it.
	sh.only = "near addresses"
	defer func() { sh.only = "" }()
	if !sh.pass() {
		return false
	}
	sh.note("data pointer", nil, -sizeOf(code), fmt.Sprintf("%s holds an address of %s", x86.RegisterName(generalRegister(r, sh.bits)), o.Name))
	return true
}

// exchange lets two registers exchange their parts in the whole program.
func (sh *shortener) exchange(x, y int) bool {
	swap := func(_ int, q register) (int, bool) { return x + y - q.number, q.number == x || q.number == y }
	for _, b := range sh.g.Blocks {
		for i := range b.Code {
			in := &b.Code[i]
			if in.Direct() || len(in.Operands) == 0 {
				continue
			}
			made, ok := sh.withRegisters(in, swap)
			if !ok {
				return false
			}
			b.Code[i] = made
		}
	}
	sh.note("exchange", nil, 0, fmt.Sprintf("%s and %s exchange their parts",
		x86.RegisterName(generalRegister(x, sh.bits)), x86.RegisterName(generalRegister(y, sh.bits))))
	return true
}

func generalRegister(number, bits int) lang.RegisterID {
	return x86.GeneralRegister(number, bits/8)
}
