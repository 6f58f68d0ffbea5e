package equiv

import (
	"cmp"
	"maps"
	"slices"

	"tasm/machine"
)

// Behind argc the stack holds at entry the addresses of arguments and a zero, those of the
// environment and a zero, and the auxiliary vector: pairs of a type and a value, of which
// some values are those of the file (AT_PHDR, AT_PHNUM, AT_ENTRY: fs/binfmt_elf.c
// create_elf_tables) and differ between two files. A proof takes such a word for the same
// in both only where it follows from what is known of its address that it is none of these;
// any other is an unknown of each program for itself. How far a program has come follows
// from which words it has found to be zero, and is kept over cuts as what the original's
// registers and memory tell of it.

// spot says where an address lies, which is that of a whole word.
type spot uint8

const (
	// inWords: not before argc.
	inWords spot = iota
	// inArguments: not behind the zero that ends the arguments.
	inArguments
	// inEnvironment: behind that zero, and not behind the one that ends the environment.
	inEnvironment
	// beforeVector: not behind the latter.
	beforeVector
	// atType: of the type of an auxiliary value.
	atType
	spots
)

// follows reports whether an address lies at a spot that is a number of bytes behind one
// at another spot.
func (s spot) follows(from spot, behind int64) bool {
	same := s == from || s == beforeVector && (from == inArguments || from == inEnvironment)
	switch s {
	case inWords:
		return same && behind >= 0
	case inArguments, beforeVector:
		return same && behind <= 0
	}
	return same && behind == 0
}

// found is an address of which is known where it lies.
type found struct {
	address machine.Term
	spot    spot
}

// landmark is the form of an address whose spot a relation tells: what a location of the
// original holds, so many words more as another one holds, if counted is set, and a number
// of bytes.
type landmark struct {
	spot    spot
	at      location
	counted bool
	count   location
	plus    int64
}

func (m landmark) compare(n landmark) int {
	return cmp.Or(cmp.Compare(m.spot, n.spot), m.at.compare(n.at), m.count.compare(n.count), cmp.Compare(m.plus, n.plus))
}

// address returns the address that a landmark stands for in a process.
func (m landmark) address(p *process, d *induction) machine.Term {
	x := offset(p, p.read(&m.at, d), uint64(m.plus))
	if m.counted {
		x = p.Terms.Add(x, p.Terms.Mul(p.read(&m.count, d), machine.Number(p.Bits, uint64(d.abi.PointerSize))))
	}
	return x
}

// stackStart is the stack pointer at entry.
func (d *induction) stackStart() machine.Term {
	return d.terms.Unknown(machine.Unknown{Origin: machine.StackPointer, Width: d.images[0].bits})
}

// argumentsEnd is the address of the zero that ends the arguments.
func (d *induction) argumentsEnd() machine.Term {
	word := uint64(d.abi.PointerSize)
	return d.plus(d.terms.Add(d.stackStart(), d.terms.Mul(d.argc(), machine.Number(d.images[0].bits, word))), int64(word))
}

// plus returns an address plus a number of bytes.
func (w *world) plus(x machine.Term, bytes int64) machine.Term {
	return w.terms.Add(x, machine.Number(x.Width(), uint64(bytes)))
}

// signed returns what a number is as a signed one.
func signed(n uint64, width int) int64 { return int64(n<<(64-width)) >> (64 - width) }

// entryAt returns what the stack holds at an address at entry.
func (d *induction) entryAt(at machine.Term) machine.Term {
	word := int64(d.abi.PointerSize)
	base, offset := at.Split()
	index := offset / word
	if offset%word < 0 {
		index--
	}
	u := machine.Unknown{Origin: machine.EntryWord, Width: 8 * int(word), Index: index}
	if !base.Same(d.stackStart()) {
		u.Of = base
	}
	return d.terms.Unknown(u)
}

// behind returns by how many bytes one address lies behind another one at least, a number of
// whole words; ok is false where that is not known.
func (r *route) behind(x, y machine.Term) (least int64, ok bool) {
	gap := r.facts.Simplify(r.terms.Sub(x, y))
	word, width := int64(r.abi.PointerSize), gap.Width()
	base, by := gap.Split()
	if n, known := gap.Constant(); known {
		by = signed(n, width)
	}
	if by%word != 0 {
		return 0, false
	}
	least, most := by, by
	var ends [2]machine.Term // what counts up, and to where
	parts, ok := 0, true
	base.Parts(func(coefficient uint64, part machine.Term) {
		c, values := signed(coefficient, width), r.facts.Values(part)
		switch parts++; c {
		case -word:
			ends[0] = part
		case word:
			ends[1] = part
		}
		if ok = ok && c%word == 0 && max(c, -c) < mostEntry && len(values) > 0 && values[len(values)-1][1] < mostEntry; ok {
			low, high := c*int64(values[0][0]), c*int64(values[len(values)-1][1])
			least, most = least+min(low, high), most+max(low, high)
		}
	})
	if parts == 2 && ends[0].Width() > 0 && ends[1].Width() > 0 && highest(r.facts, ends[0]) < mostEntry && highest(r.facts, ends[1]) < mostEntry {
		if words, known := r.ahead(ends[0], ends[1], -by/word); known {
			return by + word*words, true
		}
	}
	return least, ok && -mostEntry < least && most < 2*mostEntry
}

// ahead returns by how much a number is larger than another one at least, if the difference is
// known to be need, or somewhat more. Both are small, and so may be compared as signed ones.
func (r *route) ahead(x, y machine.Term, need int64) (least int64, ok bool) {
	for n := need; n <= need+maxAhead; n++ {
		above := r.plus(x, n)
		for _, less := range []func(x, y machine.Term) machine.Term{r.terms.Below, r.terms.Less} {
			if below, known := r.facts.Decide(less(y, above)); known && !below {
				return n, true
			}
			if below, known := r.facts.Decide(less(r.plus(x, n-1), y)); known && below {
				return n, true
			}
		}
	}
	return 0, false
}

// isAt reports whether an address is known to lie at a spot; steps is by how many words
// that were looked at.
func (d *induction) isAt(r *route, at machine.Term, s spot, steps int) bool {
	if steps > maxReasons {
		return false
	}
	word := int64(d.abi.PointerSize)
	at = r.facts.Simplify(at)
	for _, f := range r.found {
		if n, known := r.terms.Sub(at, f.address).Constant(); known {
			if by := signed(n, at.Width()); by%word == 0 && max(by, -by) < mostEntry && s.follows(f.spot, by) {
				return true
			}
		} else if s.follows(f.spot, -word) {
			if least, ok := r.behind(f.address, at); ok && least >= 0 {
				return true
			}
		}
	}
	end := d.argumentsEnd()
	switch s {
	case inWords:
		least, ok := r.behind(at, d.stackStart())
		return ok && least >= 0
	case inEnvironment:
		if r.facts.Simplify(d.plus(end, word)) == at {
			return true
		}
	case inArguments, beforeVector:
		if least, ok := r.behind(end, at); ok && (least >= 0 || s == beforeVector && least == -word) {
			return true
		}
	}
	return d.followsWords(r, at, s, steps)
}

// followsWords reports the same by what is known of the words in front of an address.
func (d *induction) followsWords(r *route, at machine.Term, s spot, steps int) bool {
	word := int64(d.abi.PointerSize)
	before := d.plus(at, -word)
	zero, known := r.facts.Decide(r.terms.IsZero(d.entryAt(before)))
	is := func(at machine.Term, s spot) bool { return d.isAt(r, at, s, steps+1) }
	switch s {
	case inArguments:
		return known && !zero && is(before, inArguments)
	case inEnvironment:
		// The first zero is the one that ends the arguments.
		return known && (zero && is(before, inWords) && is(before, inArguments) || !zero && is(before, inEnvironment))
	case beforeVector:
		return is(before, inArguments) || known && !zero && is(before, beforeVector) || is(at, inEnvironment)
	case atType:
		if known && zero && is(before, inEnvironment) {
			return true
		}
		last := d.plus(before, -word)
		zero, known = r.facts.Decide(r.terms.IsZero(d.entryAt(last)))
		return known && !zero && is(last, atType)
	}
	return false
}

// telling are the types of auxiliary values that may be those of the file: AT_PHDR,
// AT_PHENT, AT_PHNUM, AT_BASE, AT_ENTRY (include/uapi/linux/auxvec.h).
var telling = []uint64{3, 4, 5, 7, 9}

// ofOne is the Argument of an unknown that is a word of the stack of one program, plus the
// number of the program.
const ofOne = 2

// Word returns a word that the stack holds at entry as the process sees it: one that may
// tell of its file is an unknown of its own.
func (o *oracle) Word(x machine.Term) machine.Term {
	u, _, ok := x.AsUnknown()
	if !ok || u.Origin != machine.EntryWord || u.Argument != 0 {
		return x
	}
	base := u.Of
	if base.Width() == 0 {
		base = o.d.stackStart()
	}
	at := o.d.plus(base, u.Index*int64(o.d.abi.PointerSize))
	if values := o.r.facts.Values(o.d.argc()); !o.d.walks && (u.Of.Width() > 0 || len(values) > 0 && u.Index > int64(values[0][0])) {
		o.d.walks, o.d.again = true, true
	}
	if !slices.Contains(o.r.words, at) {
		o.r.words = append(o.r.words, at)
	}
	if o.d.isAt(o.r, at, beforeVector, 0) || o.d.isAt(o.r, at, atType, 0) {
		return x
	}
	u.Argument = ofOne + o.side
	own := o.d.terms.Unknown(u)
	before := o.d.plus(at, -int64(o.d.abi.PointerSize))
	if !o.d.isAt(o.r, before, atType, 0) {
		return own
	}
	tells := machine.Number(1, 0)
	for _, n := range telling {
		tells = o.d.terms.Or(tells, o.d.terms.Equal(o.d.entryAt(before), machine.Number(x.Width(), n)))
	}
	return o.r.facts.Simplify(o.d.terms.If(tells, own, x))
}

// isThere reports whether an access is to a word that the initial stack is known to have.
func (d *induction) isThere(r *route, a machine.Access) bool {
	word := int64(d.abi.PointerSize)
	at := d.plus(a.Segment.Base, a.Offset)
	if int64(a.Size) != word {
		return false
	}
	return d.isAt(r, at, beforeVector, 0) || d.isAt(r, at, atType, 0) || d.isAt(r, d.plus(at, -word), atType, 0)
}

// frontier lists addresses from whose spots those of others follow.
func (d *induction) frontier(r *route) []found {
	word := int64(d.abi.PointerSize)
	end := d.argumentsEnd()
	list := append(slices.Clone(r.found), found{d.stackStart(), inWords}, found{end, inArguments}, found{d.plus(end, word), inEnvironment}, found{d.plus(end, word), beforeVector})
	if argc := r.facts.Values(d.argc()); len(argc) > 0 {
		least := d.plus(d.stackStart(), word*int64(argc[0][0])+word)
		list = append(list, found{least, inArguments}, found{d.plus(least, word), beforeVector})
	}
	for _, at := range r.words {
		for i := range int64(3) {
			x := r.facts.Simplify(d.plus(at, i*word))
			for s := range spots {
				if f := (found{x, s}); !slices.Contains(list, f) && d.isAt(r, x, s, 0) {
					list = append(list, f)
				}
			}
		}
	}
	return list
}

// landmarks returns what locations of the original tell of spots, if that matters.
func (d *induction) landmarks(s *snapshot) map[landmark]bool {
	if !d.walks {
		return nil
	}
	word := int64(d.abi.PointerSize)
	pointer := location{kind: inRegister, n: machine.SP, width: d.images[0].bits}
	var addresses, counts []location
	for _, l := range s.order {
		x := s.locations[l]
		switch {
		case l.side != 0 || l.width != d.images[0].bits || !l.isReal():
		case x.DependsOn(machine.StackPointer):
			addresses = append(addresses, l)
		case highest(s.facts, x) < mostEntry:
			counts = append(counts, l)
		}
	}
	list := map[landmark]bool{}
	for _, f := range d.frontier(s.route) {
		for _, l := range addresses {
			gap := s.facts.Simplify(s.terms.Sub(f.address, s.locations[l]))
			if n, known := gap.Constant(); known {
				list[landmark{spot: f.spot, at: l, plus: signed(n, gap.Width())}] = true
			}
			for _, k := range counts {
				if s.locations[k].IsNumber() && l != pointer {
					continue // others go on themselves
				}
				counted := s.terms.Mul(s.locations[k], machine.Number(gap.Width(), uint64(word)))
				if n, known := s.terms.Sub(gap, counted).Constant(); known && f.spot.follows(f.spot, -word) {
					list[landmark{f.spot, l, true, k, signed(n, gap.Width())}] = true
				}
			}
		}
	}
	maps.DeleteFunc(list, func(m landmark, _ bool) bool { return m.needless(list) })
	return list
}

// needless reports whether a landmark follows from another one.
func (m landmark) needless(all map[landmark]bool) bool {
	for n := range all {
		if n.plus != m.plus && n.at == m.at && n.counted == m.counted && n.count == m.count && n.spot == m.spot && m.spot.follows(n.spot, m.plus-n.plus) {
			return true
		}
	}
	return false
}

// commonLandmarks returns what two snapshots tell of spots: what the first one does as far
// as it holds in the second, and unless widen is set the other way round.
func (d *induction) commonLandmarks(x, y *snapshot, widen bool) []landmark {
	list := map[landmark]bool{}
	take := func(from, to *snapshot) {
		for m := range from.landmarks {
			_, at := to.locations[m.at]
			_, count := to.locations[m.count]
			if at && (count || !m.counted) && d.isAt(to.route, m.address(to.original, d), m.spot, 0) {
				list[m] = true
			}
		}
	}
	take(x, y)
	if !widen {
		take(y, x)
	}
	return slices.SortedFunc(maps.Keys(list), landmark.compare)
}
