package rewrite

import (
	"math"
	"math/bits"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// value is what a register holds: an unknown plus a number, modulo the width of
// the mode's registers. Unknown 0 is none: the value is the number.
// Two registers with the same value hold the same, whatever the unknown is.
type value struct {
	unknown int32
	offset  uint64
}

func number(n uint64) value { return value{0, n} }

// number returns the number that v is.
func (v value) number() (uint64, bool) { return v.offset, v.unknown == 0 }

// unknownKey tells an unknown: the place of the program that makes it, or the
// address that it stands for.
type unknownKey struct {
	kind unknownKind
	a, b int // by kind; of 32 and 8 bits
}

type unknownKind uint8

const (
	stackStart  unknownKind = iota + 1 // the stack pointer at process entry
	addressOf                          // of object a, or block a with b = 1
	resultOf                           // instruction a of the program, its output b
	staleOf                            // an older one of resultOf a, in register b
	joinedAt                           // what comes into block a in register b
	enteredWith                        // what subroutine a is called with in register b
	returnedIn                         // what call instruction a leaves in register b
	refinedOn                          // edge a, the value b
)

// unknown is what is known of an unknown.
type unknown struct {
	key   unknownKey
	known bool   // the facts below are there
	zeros uint64 // bits that are 0
	few   few    // the numbers that it can be, if these are few
	// pointer is set where it may have been computed from the stack pointer. Then low
	// and high bound its distance from the stack pointer at process entry,
	// unless it is no address.
	pointer   bool
	low, high int64
	widened   int
	grown     int // how often bits turned out to be set
}

// few is one or two numbers, in ascending order; of others count is 0.
type few struct {
	count   int8
	numbers [2]uint64
}

func fewOf(list ...uint64) few {
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) > 2 {
		return few{}
	}
	f := few{count: int8(len(list))}
	copy(f.numbers[:], list)
	return f
}

func (f few) list() []uint64 { return f.numbers[:f.count] }

// union is what is known of a number that is one of f or one of o.
func (f few) union(o few) few {
	if f.count == 0 || o.count == 0 {
		return few{}
	}
	return fewOf(slices.Concat(f.list(), o.list())...)
}

const (
	farBelow = math.MinInt64 / 4
	farAbove = math.MaxInt64 / 4
)

// state is what is known of the processor at a point of the program.
type state struct {
	reached bool
	r       [registers]value
	flags   flagFact
	// forward is set where the direction flag is clear.
	forward bool
	slots   []slot // never changed in place
	// nonzero lists values that are not 0; it is never changed in place.
	nonzero []value
}

// isNonzero reports whether a value is known not to be 0.
func (s *state) isNonzero(v value) bool {
	if n, ok := v.number(); ok {
		return n != 0
	}
	return slices.Contains(s.nonzero, v)
}

// with is the state in which a value is a number.
func (s state) with(v value, n uint64) state {
	for r := range s.r {
		if s.r[r] == v {
			s.r[r] = number(n)
		}
	}
	return s
}

// differs notes that a value is not 0 from here on.
func (s *state) differs(v value) {
	if v.unknown > 0 && len(s.nonzero) < maxNonzero && !s.isNonzero(v) {
		s.nonzero = append(slices.Clip(s.nonzero), v)
	}
}

// slot is a word of the stack whose content is known.
type slot struct {
	address, content value
}

// flagFact is what the flags tell.
type flagFact struct {
	kind flagKind
	size int   // bytes that were looked at
	v    value // of the whole register
	// carryClear and overflowClear say so of a result.
	carryClear, overflowClear bool
	with                      uint64 // what v was compared with
}

// same returns the flags that are the same where o is known of them.
func (f flagFact) same(o flagFact) x86.FlagSet {
	set := x86.FlagSet(0)
	if f.kind == o.kind && f.kind != flagsUnknown && f.size == o.size && f.v == o.v && f.with == o.with {
		set |= x86.ZF | x86.SF | x86.PF
		if f.kind == flagsCompare || f.carryClear && o.carryClear {
			set |= x86.CF
		}
		if f.kind == flagsCompare || f.overflowClear && o.overflowClear {
			set |= x86.OF
		}
	}
	return set
}

type flagKind uint8

const (
	flagsUnknown flagKind = iota
	flagsResult           // ZF, SF and PF tell about the low bytes of v
	flagsCompare          // all are those of v minus with, in the low bytes
)

// table is the unknowns of an analysis.
type table struct {
	bits     int
	list     []unknown
	index    map[uint64]int32 // by packed key
	refs     []flow.Ref       // of addressOf
	changed  bool             // some fact became weaker
	lowAddrs bool
	stops    bitset // lengths, in bits, to which something in the program may bound numbers
	// readers are, by unknown, the blocks that were gone through with what was known of
	// it, by number; those for which it is weaker now are outdated. reading is the block
	// that is being gone through.
	readers  [][]int
	reading  int
	outdated []bool
}

// nobody reads in place of a block.
const nobody = -1

func newTable(bits int) *table {
	return &table{stops: bitset{1<<8 | 1<<16 | 1<<31 | 1<<32 | 1<<63, 1}, bits: bits, list: make([]unknown, 1, 256), index: map[uint64]int32{}, readers: make([][]int, 1, 256), reading: nobody}
}

// look returns what is known of an unknown, and notes who depends on that.
func (t *table) look(id int32) unknown {
	if r := t.readers[id]; t.reading != nobody && !t.fixed(id) && !slices.Contains(r, t.reading) {
		t.readers[id] = append(r, t.reading)
	}
	return t.list[id]
}

func (t *table) mask() uint64 {
	if t.bits == 32 {
		return math.MaxUint32
	}
	return math.MaxUint64
}

// id returns the unknown of a key.
func (t *table) id(k unknownKey) int32 {
	packed := uint64(k.kind)<<40 | uint64(uint8(k.b))<<32 | uint64(uint32(k.a))
	if i, ok := t.index[packed]; ok {
		return i
	}
	i := int32(len(t.list))
	t.list, t.readers = append(t.list, unknown{key: k}), append(t.readers, nil)
	t.index[packed] = i
	return i
}

// make returns the value of an unknown of which the facts hold in addition to
// those that it has already: what is known becomes less.
func (t *table) make(k unknownKey, f unknown) value {
	i := t.id(k)
	u := &t.list[i]
	old := *u
	f.zeros &= t.mask()
	if t.bits == 32 {
		f.zeros |= ^t.mask()
	}
	if !u.known {
		u.known, u.zeros, u.few, u.pointer, u.low, u.high = true, f.zeros, f.few, f.pointer, f.low, f.high
	} else {
		t.grow(u, f.zeros)
		u.few = u.few.union(f.few)
		if f.pointer && !u.pointer {
			u.pointer, u.low, u.high = true, f.low, f.high
		} else if f.pointer {
			if f.low < u.low {
				u.low = f.low
				u.widened++
			}
			if f.high > u.high {
				u.high = f.high
				u.widened++
			}
			if u.widened > 8 {
				// It grows round by round: in a loop.
				if f.low <= old.low && old.low != f.low {
					u.low = farBelow
				}
				if f.high >= old.high && old.high != f.high {
					u.high = farAbove
				}
			}
		}
	}
	if old.known && *u != old {
		t.changed = true
		for _, block := range t.readers[i] {
			t.outdated[block] = true
		}
	}
	return value{i, 0}
}

// stop notes that numbers may be bounded by n, or by what is one step above it.
func (t *table) stop(n uint64) {
	l := bits.Len64(n)
	t.stops.add(l)
	t.stops.add(min(l+1, 64))
}

// grow lets an unknown have set bits where zeros has none. Where ways meet in a
// loop that counts it is one more bit each round: after some rounds, all bits up to the next
// length are taken for set with which this may end.
func (t *table) grow(u *unknown, zeros uint64) {
	if u.zeros&^zeros == 0 {
		return
	}
	before := bits.Len64(^u.zeros)
	u.zeros &= zeros
	u.grown++
	if n := bits.Len64(^u.zeros); n > before && u.grown > maxGrown && (u.key.kind == joinedAt || u.key.kind == enteredWith) {
		for !t.stops.has(n) {
			u.zeros &^= 1 << n
			n++
		}
	}
}

// facts returns what is known of a value.
func (t *table) facts(v value) unknown {
	if n, ok := v.number(); ok {
		return unknown{known: true, zeros: ^n, few: fewOf(n)}
	}
	if v.unknown < 0 {
		return unknown{}
	}
	u := t.look(v.unknown)
	if v.offset == 0 {
		return u
	}
	d := int64(v.offset)
	if t.bits == 32 {
		d = int64(int32(v.offset))
	}
	if u.few.count > 0 {
		list := slices.Clone(u.few.list())
		for i := range list {
			list[i] = (list[i] + v.offset) & t.mask()
		}
		u.few = fewOf(list...)
	}
	max := ^u.zeros & t.mask()
	if d > 0 && max+uint64(d) >= max && max+uint64(d) <= t.mask() {
		u.zeros = zerosUpTo(max + uint64(d))
	} else {
		u.zeros = ^t.mask()
	}
	if u.pointer {
		u.low, u.high = clamp(u.low+d), clamp(u.high+d)
	}
	return u
}

// few returns the one or two numbers that a value can be; none where there are
// more.
func (t *table) few(v value) []uint64 {
	f := t.facts(v)
	if open := ^f.zeros & t.mask(); f.few.count == 0 && open&(open-1) == 0 && !f.pointer {
		return []uint64{0, open}
	}
	return f.few.list()
}

func clamp(n int64) int64 { return min(max(n, farBelow), farAbove) }

// zerosUpTo returns the bits that are 0 in all numbers up to n.
func zerosUpTo(n uint64) uint64 {
	if l := bits.Len64(n); l < 64 {
		return ^uint64(0) << l
	}
	return 0
}

// most returns the largest number that a value with these facts can be.
func (t *table) most(v value) uint64 { return ^t.facts(v).zeros & t.mask() }

func (t *table) add(v value, n uint64) value {
	v.offset = (v.offset + n) & t.mask()
	return v
}

// address returns the value of an address.
func (t *table) address(r flow.Ref) value {
	k := unknownKey{kind: addressOf, a: -1}
	switch {
	case r.Object != nil:
		k.a = r.Object.ID
	case r.Block != nil:
		k.a, k.b = r.Block.ID, 1
	}
	f := unknown{}
	if t.bits == 64 && t.lowAddrs {
		f.zeros = ^uint64(math.MaxInt32)
	}
	v := t.make(k, f)
	for len(t.refs) <= int(v.unknown) {
		t.refs = append(t.refs, flow.Ref{})
	}
	t.refs[v.unknown] = flow.Ref{Object: r.Object, Block: r.Block}
	return t.add(v, uint64(r.Offset))
}

// ref returns the address that a value is.
func (t *table) ref(v value) (flow.Ref, bool) {
	if v.unknown <= 0 || t.list[v.unknown].key.kind != addressOf {
		return flow.Ref{}, false
	}
	r := t.refs[v.unknown]
	r.Offset = int64(v.offset)
	if t.bits == 32 {
		r.Offset = int64(int32(v.offset))
	}
	return r, true
}

// fixed reports whether an unknown is the same whenever the program gets there.
func (t *table) fixed(id int32) bool {
	k := t.list[id].key.kind
	return id == 0 || k == addressOf || k == stackStart
}

// replace renames the unknowns of a state: of each value that holds one for
// which change is true a new one with the same facts is made. Equal values stay
// equal.
func (t *table) replace(s *state, change func(int32) bool, key func(leader int) unknownKey) {
	var from, to [registers]value
	n := 0
	rename := func(v value, leader int) value {
		if v.unknown == 0 || !change(v.unknown) {
			return v
		}
		for i := range n {
			if from[i] == v {
				return to[i]
			}
		}
		if leader < 0 {
			return value{-1, 0}
		}
		from[n], to[n] = v, t.make(key(leader), t.facts(v))
		n++
		return to[n-1]
	}
	for i := range s.r {
		s.r[i] = rename(s.r[i], i)
	}
	if v := rename(s.flags.v, -1); v.unknown < 0 {
		s.flags = flagFact{}
	} else {
		s.flags.v = v
	}
	var slots []slot
	for _, x := range s.slots {
		x.address, x.content = rename(x.address, -1), rename(x.content, -1)
		if x.address.unknown >= 0 && x.content.unknown >= 0 {
			slots = append(slots, x)
		}
	}
	s.slots = slots
	nonzero := s.nonzero
	s.nonzero = nil
	for _, v := range nonzero {
		s.differs(rename(v, -1))
	}
}

// meeting is where two states become one in front of a block: what differs there
// becomes an unknown of the block, and what is equal in both stays equal.
type meeting struct {
	t     *table
	block int
	kind  unknownKind
	pairs [registers][2]value // what the registers hold in either
	named [registers]value    // and in what becomes of them
}

// local reports whether a value is an unknown of the block.
func (m *meeting) local(v value) bool {
	k := m.t.list[v.unknown].key
	return v.unknown != 0 && k.kind == m.kind && k.a == m.block
}

// register finds what becomes of register i that holds x and y; those below it are
// known.
func (m *meeting) register(i int, x, y value) {
	m.pairs[i] = [2]value{x, y}
	if x == y && !m.local(x) {
		m.named[i] = x
		return
	}
	leader := slices.Index(m.pairs[:i+1], m.pairs[i])
	own := unknownKey{m.kind, m.block, leader}
	fx, fy := m.t.facts(x), m.t.facts(y)
	m.t.make(own, fx)
	m.named[i] = m.t.make(own, fy)
}

// value returns what becomes of a value that is x and y; it is false where no register
// holds these.
func (m *meeting) value(x, y value) (value, bool) {
	if x == y && !m.local(x) {
		return x, true
	}
	if i := slices.Index(m.pairs[:], [2]value{x, y}); i >= 0 {
		return m.named[i], true
	}
	return value{}, false
}

// flags returns what the flags tell in both.
func (m *meeting) flags(f, g flagFact) flagFact {
	v, ok := m.value(f.v, g.v)
	if !ok || f.kind != g.kind || f.size != g.size || f.with != g.with || f.kind == flagsUnknown {
		return flagFact{}
	}
	return flagFact{f.kind, f.size, v, f.carryClear && g.carryClear, f.overflowClear && g.overflowClear, f.with}
}

// slots returns the words of the stack that are known in both.
func (m *meeting) slots(before, from []slot) (list []slot) {
	for _, p := range before {
		for _, q := range from {
			a, ok1 := m.value(p.address, q.address)
			c, ok2 := m.value(p.content, q.content)
			if ok1 && ok2 {
				list = append(list, slot{a, c})
				break
			}
		}
	}
	return list
}

// join makes into what is known where from comes in too, in front of block id.
// It reports whether into became weaker.
func (t *table) join(into *state, from *state, block int, kind unknownKind) bool {
	if !from.reached {
		return false
	}
	if !into.reached {
		*into = *from
		// From here on these belong to this place alone.
		t.replace(into, func(id int32) bool { return t.list[id].key.kind == kind && t.list[id].key.a == block },
			func(leader int) unknownKey { return unknownKey{kind, block, leader} })
		return true
	}
	before := *into
	m := meeting{t: t, block: block, kind: kind}
	for i := range into.r {
		m.register(i, before.r[i], from.r[i])
	}
	into.r = m.named
	into.flags = m.flags(before.flags, from.flags)
	into.forward = before.forward && from.forward
	into.nonzero = nil
	for i, p := range m.pairs {
		if before.isNonzero(p[0]) && from.isNonzero(p[1]) {
			into.differs(m.named[i])
		}
	}
	into.slots = m.slots(before.slots, from.slots)
	return !before.equal(into)
}

func (s *state) equal(o *state) bool {
	if s.reached != o.reached || s.r != o.r || s.flags != o.flags || s.forward != o.forward {
		return false
	}
	return slices.Equal(s.slots, o.slots) && slices.Equal(s.nonzero, o.nonzero)
}

// without returns the slots without those that keep says false of.
func without(slots []slot, keep func(slot) bool) []slot {
	for i := range slots {
		if !keep(slots[i]) {
			out := append([]slot(nil), slots[:i]...)
			for _, x := range slots[i+1:] {
				if keep(x) {
					out = append(out, x)
				}
			}
			return out
		}
	}
	return slots
}
