package machine

import (
	"maps"
	"math/bits"
	"slices"
	"sync"

	"tasm/codegen/x86"
)

// What an instruction does is described once, on Terms. To carry it out in another
// domain it is carried out once on unknowns, and the terms that come of it are
// translated to a short list of operations on slots: first those of what was there
// before, then one for each result. What depends on an answer (whether a branch is
// taken) becomes a branch in that list.

// Lifted is what an instruction does, for any values of registers, flags, its own
// numbers and memory.
type Lifted struct {
	Operations []Operation
	Ends       []End
	// Reads are the slots before SlotFirst that are read, as bits.
	Reads uint32
}

// Operation computes a slot from others.
type Operation struct {
	Op      Op
	Width   uint8 // of the result, in bits
	Aux     uint8 // OpExtract: low; OpConcat: width of B; OpSignExtend, OpLess: width of A; OpLoad: bytes
	To      uint8
	A, B, C uint8
	N       uint64 // OpSum: the factor of A; OpPlus: what is added; OpElse: where to go on
	node    *node  // of what is left to Terms
}

// Operations beyond those of nodes.
const (
	OpConstant Op = 100 + iota // N
	OpPlus                     // A + N
	OpLoad                     // Aux bytes at A
	OpElse                     // go on at N unless A is 1
	OpEnd                      // end N
	OpLeave                    // an end of which nothing is told
	OpShift                    // A << Aux | B
	OpInsert                   // A with its low Aux bits replaced by B
)

// End is one end of an instruction: what changes, by slots.
type End struct {
	Registers []SlotOf
	IP        uint8
	Stores    []Store
	Flags     FlagChanges
}

// SlotOf says which slot becomes the value of what has a number.
type SlotOf struct{ Number, Slot uint8 }

// Store is a value that is stored.
type Store struct {
	Address, Value uint8 // slots
	Size           int   // bytes
}

// FlagChanges is what becomes of the flags.
type FlagChanges struct {
	Kept x86.FlagSet // they are as before
	// Fixed are always the same; Set are those of them that are set then.
	Fixed, Set x86.FlagSet
	// Late follow from an operation, which has a Total: see Status. Logical ones
	// depend on nothing else, the others on the operands X and Y.
	Late        x86.FlagSet
	Logical     bool
	X, Y, Total uint8
	operation   kind
	width       uint8
	// Terms are the bits that other flags are, numbered as FlagAt has them.
	Terms []SlotOf
}

// Status returns the flags in Late, of numbers.
func (f *FlagChanges) Status(x, y, total uint64) x86.FlagSet {
	return statusFlags(f.operation, f.width, x, y, total) & f.Late
}

// FlagAt returns the flag with a number: its slot is SlotFlags and that number.
func FlagAt(number int) x86.FlagSet { return kept[number].flag }

// FlagCount is how many flags there are.
const FlagCount = len(kept)

// Numbers of slots: the inputs first, which begin with the registers.
const (
	SlotFlags        = 16 // single flags
	slotX            = SlotFlags + FlagCount
	slotY            = slotX + 1 // with slotX and slotTotal, of the last operation
	slotTotal        = slotX + 2
	SlotNext         = slotX + 3 // the address behind the instruction
	SlotImmediate    = slotX + 4
	SlotDisplacement = slotX + 5
	SlotFirst        = slotX + 6
	SlotCount        = 128
	// Loads are Inputs from here on.
	inputLoad = 1 << 10
)

// Lift lifts the instruction that code begins with, whatever its displacement and its
// immediate are where it only computes with them. It returns nil where that can't be
// told.
func Lift(mode int, code []byte) *Lifted {
	var in x86.Decoded
	if !x86.Decode(mode, code, 0, &in) || !x86.Decode(mode, code, -int64(in.Length), &in) {
		return nil
	}
	w := &wholes[mode/64]
	w.Lock()
	defer w.Unlock()
	if w.start == nil {
		w.begin(mode)
	}
	l := &w.lifter
	*l = lifter{in: Prepare(&in, mode), t: w.t, start: w.start, whole: true, slots: SlotFirst}
	l.start.IP = l.input(mode, SlotNext).plus(-uint64(in.Length))
	l.explore(nil, map[*node]uint8{}, 0)
	w.t.forget(w.count)
	if !l.useful() {
		return nil
	}
	out := &Lifted{Operations: l.operations, Reads: l.reads}
	for _, e := range l.ends {
		out.Ends = append(out.Ends, e.End)
	}
	return out
}

// whole is what every Lift begins with, made once. What an instruction makes of it is
// forgotten behind it, so that the same comes of it whichever were lifted before.
type whole struct {
	sync.Mutex
	t      *Terms
	start  *State
	count  uint32 // unknowns
	lifter lifter // the present one
}

var wholes [2]whole // of 32 and 64 bits

func (w *whole) begin(mode int) {
	w.t = NewTerms()
	l := lifter{t: w.t, like: &State{Bits: mode}}
	w.start = l.state(1 << 63)
	w.start.IP = l.input(mode, SlotNext)
	w.count = w.t.count
}

// forget forgets all nodes but the first ones, which are unknowns.
func (t *Terms) forget(count uint32) {
	clear(t.nodes)
	maps.DeleteFunc(t.unknowns, func(_ Unknown, n *node) bool { return n.id >= count })
	t.count, t.undefined = count, 0
}

// lifter translates one instruction.
type lifter struct {
	t     *Terms
	in    Prepared
	like  *State // the state to which it is applied
	whole bool   // for all flags, addresses and numbers, not those at hand
	start *State
	now   State // behind the instruction

	operations []Operation
	ends       []end
	slots      int
	reads      uint32
	failed     bool
	ofFlags    bool // how flags are kept afterwards depends on that before
}

// lift fills in operations and ends, for flags of a shape. It reports false where all
// of it is better left to Step.
func (l *lifter) lift(shape flagShape) bool {
	l.t = NewTerms()
	l.operations, l.ends, l.slots, l.failed, l.ofFlags = nil, nil, SlotFirst, false, false
	l.start = l.state(shape)
	l.explore(nil, map[*node]uint8{}, 0)
	return l.useful()
}

// useful reports whether not all is better left to Step.
func (l *lifter) useful() bool {
	return !l.failed && slices.ContainsFunc(l.operations, func(o Operation) bool { return o.Op == OpEnd })
}

// input returns the unknown in a slot of the inputs.
func (l *lifter) input(width, slot int) Term {
	return l.t.Unknown(Unknown{Origin: Input, Width: width, Index: int64(slot)})
}

// state returns the state before the instruction, all of it unknown.
func (l *lifter) state(shape flagShape) *State {
	s := NewState(l.t, l.like.Bits)
	for i := range s.Registers {
		s.Registers[i] = l.input(l.like.Bits, i)
	}
	f := &s.flags
	f.late = x86.FlagSet(shape & 0xffff)
	for i := range kept {
		f.term[i] = l.input(1, SlotFlags+i)
		if shape>>(26+i)&1 != 0 || f.late&kept[i].flag != 0 {
			f.term[i] = Term{}
		}
	}
	if f.late != 0 {
		width := int(shape >> 18 & 0x7f)
		f.operation = kind(shape >> 16 & 3)
		f.in = Number(1, uint64(shape>>25&1))
		f.x, f.y, f.total = l.input(width, slotX), l.input(width, slotY), l.input(width, slotTotal)
	}
	s.KeepsReturn, s.LeavesUnequal, s.EndsAtZero = l.like.KeepsReturn, l.like.LeavesUnequal, l.like.EndsAtZero
	s.IP = Number(l.like.Bits, l.like.IP.value)
	return s
}

// accesses notes what an instruction loads and stores.
type accesses struct {
	t      *Terms
	loads  []access
	stores []access
	mixed  bool // a load behind a store
}

type access struct {
	address, value Term
}

func (a *accesses) load(address Term, width int) Term {
	a.mixed = a.mixed || len(a.stores) > 0
	x := a.t.Unknown(Unknown{Origin: Input, Width: width, Index: inputLoad + int64(len(a.loads))})
	a.loads = append(a.loads, access{address, x})
	return x
}

func (a *accesses) store(address, x Term) {
	a.stores = append(a.stores, access{address, x})
}

// explore carries the instruction out, with answers to the questions that it asks.
func (l *lifter) explore(answers map[Term]bool, slots map[*node]uint8, depth int) {
	s := &l.now
	*s = *l.start
	a := &accesses{t: s.Terms}
	s.Load, s.Store = a.load, a.store
	s.Known = func(x Term) (bool, bool) { v, ok := answers[x]; return v, ok }
	if l.whole {
		s.Symbol = func(i, width int) Term {
			slot := SlotImmediate
			if l.in.Operands[i].Kind == x86.MemoryOperand {
				slot = SlotDisplacement
			}
			return l.input(width, slot)
		}
	}
	e := s.StepPrepared(l.in)
	if a.mixed || len(a.stores) > 1 && !l.whole || l.failed {
		l.failed = true
		return
	}
	if e.Kind != Done && e.Kind != Fork || depth > mostForks {
		l.emit(Operation{Op: OpLeave})
		return
	}
	for _, x := range a.loads {
		if _, done := slots[x.value.node]; !done {
			address := l.slot(x.address, slots)
			slots[x.value.node] = l.emitTo(Operation{Op: OpLoad, Width: x.value.width, Aux: x.value.width / 8, A: address})
		}
	}
	if e.Kind == Done {
		l.end(s, a.stores, slots)
		return
	}
	condition := l.slot(e.Condition, slots)
	at := l.emit(Operation{Op: OpElse, A: condition})
	for _, answer := range []bool{true, false} {
		if !answer {
			l.operations[at].N = uint64(len(l.operations))
		}
		more := map[Term]bool{e.Condition: answer}
		maps.Copy(more, answers)
		l.explore(more, maps.Clone(slots), depth+1)
	}
}

// end notes what has changed.
func (l *lifter) end(s *State, stores []access, slots map[*node]uint8) {
	var e end
	for i := range s.Registers {
		if s.Registers[i] != l.start.Registers[i] {
			e.Registers = append(e.Registers, SlotOf{uint8(i), l.slot(s.Registers[i], slots)})
		}
	}
	e.IP = l.slot(s.IP, slots)
	for _, a := range stores {
		e.Stores = append(e.Stores, Store{l.slot(a.address, slots), l.slot(a.value, slots), int(a.value.width / 8)})
	}
	if l.whole {
		l.flagChanges(&e.Flags, s, slots)
	} else {
		l.flags(&e.flags, &s.flags, slots)
	}
	l.emit(Operation{Op: OpEnd, N: uint64(len(l.ends))})
	l.ends = append(l.ends, e)
}

// flagChanges notes how the flags have changed, flag by flag.
func (l *lifter) flagChanges(c *FlagChanges, s *State, slots map[*node]uint8) {
	f := &s.flags
	for i, k := range kept {
		x := f.term[i]
		switch {
		case f.late&k.flag != 0 && f.total.node != nil:
			c.Late |= k.flag
			continue
		case f.late&k.flag != 0:
			x = s.compute(k.flag)
		}
		switch {
		case x.width == 0:
		case x.node == nil:
			c.Fixed |= k.flag
			if x.value != 0 {
				c.Set |= k.flag
			}
		case x == l.start.flags.term[i]:
			c.Kept |= k.flag
		default:
			c.Terms = append(c.Terms, SlotOf{uint8(i), l.slot(x, slots)})
		}
	}
	if f.operation == logical {
		c.Fixed, c.Late = c.Fixed|c.Late&(x86.CF|x86.OF), c.Late&^(x86.CF|x86.OF)
	}
	if c.Late != 0 {
		c.operation, c.width, c.Total, c.Logical = f.operation, f.total.width, l.slot(f.total, slots), f.operation == logical
		if !c.Logical {
			c.X, c.Y = l.slot(f.x, slots), l.slot(f.y, slots)
		}
	}
}

// slot emits what computes a term, and returns its slot.
func (l *lifter) slot(x Term, slots map[*node]uint8) uint8 {
	if x.node == nil {
		return l.emitTo(Operation{Op: OpConstant, Width: x.width, N: x.value})
	}
	at, ok := x.node.inputSlot()
	if ok {
		l.reads |= 1 << at
		l.ofFlags = l.ofFlags || int(at) <= slotTotal && at >= SlotFlags
	} else if at, ok = slots[x.node]; !ok {
		at = l.node(x.node, slots)
		slots[x.node] = at
	}
	if x.value != 0 {
		at = l.emitTo(Operation{Op: OpPlus, Width: x.width, A: at, B: at, C: at, N: x.value})
	}
	return at
}

// inputSlot returns the slot of an input.
func (n *node) inputSlot() (uint8, bool) {
	if n.op != OpUnknown || n.unknown.Origin != Input || n.unknown.Index >= inputLoad {
		return 0, false
	}
	return uint8(n.unknown.Index), true
}

// node emits what computes a node.
func (l *lifter) node(n *node, slots map[*node]uint8) uint8 {
	if n.op == OpUnknown {
		l.failed = true // something that the manuals leave undefined
		return 0
	}
	o := Operation{Op: n.op, Width: n.width, node: n, N: n.coefficient}
	a, b := n.a, n.b
	switch n.op {
	case OpExtract:
		o.Aux = n.low
	case OpConcat:
		if a == number(a.width, 0) {
			return l.slot(b, slots)
		}
		o.Op, o.Aux = OpShift, b.width
		if h := a.node; h != nil && a.value == 0 && h.op == OpExtract && h.low == b.width && h.a.width == n.width {
			o.Op, a = OpInsert, h.a
		}
	case OpSignExtend, OpLess:
		o.Aux = a.width
	}
	// Operands that are not there are the first one again.
	o.A = l.slot(a, slots)
	o.B, o.C = o.A, o.A
	if b.width > 0 {
		o.B = l.slot(b, slots)
	}
	if n.c.width > 0 {
		o.C = l.slot(n.c, slots)
	}
	return l.emitTo(o)
}

// emit appends an operation and returns its index.
func (l *lifter) emit(o Operation) int {
	l.operations = append(l.operations, o)
	return len(l.operations) - 1
}

// emitTo gives an operation a slot for its result.
func (l *lifter) emitTo(o Operation) uint8 {
	if l.slots >= SlotCount {
		l.failed = true
		return 0
	}
	o.To = uint8(l.slots)
	l.slots++
	l.emit(o)
	return o.To
}

// Compute computes an operation on numbers, but for those that are about memory or
// about where to go on.
func (o *Operation) Compute(a, b, c uint64) uint64 {
	switch o.Op {
	case OpConstant:
		return o.N
	case OpPlus:
		return (a + o.N) & mask(o.Width)
	case OpSum:
		return (a*o.N + b) & mask(o.Width)
	case OpExtract:
		return a >> (o.Aux & 63) & mask(o.Width)
	case OpShift:
		return a<<(o.Aux&63) | b
	case OpInsert:
		return a>>(o.Aux&63)<<(o.Aux&63) | b
	case OpAnd:
		return a & b
	case OpOr:
		return a | b
	case OpXor:
		return a ^ b
	case OpMul:
		return a * b & mask(o.Width)
	case OpEqual:
		return one(a == b)
	case OpBelow:
		return one(a < b)
	case OpLess:
		return one(signed(a, o.Aux) < signed(b, o.Aux))
	case OpSignExtend:
		return uint64(signed(a, o.Aux)) & mask(o.Width)
	case OpIf:
		if a == 0 {
			return c
		}
		return b
	case OpCountOnes:
		return uint64(bits.OnesCount64(a))
	}
	return o.rare(a, b, c)
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// rare leaves an operation to Terms: of numbers these make nothing that is kept.
func (o *Operation) rare(a, b, c uint64) uint64 {
	n := o.node
	return new(Terms).apply(n, number(n.a.width, a), Term{value: b, width: n.b.width}, Term{value: c, width: n.c.width}).value
}
