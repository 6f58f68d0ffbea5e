package machine

import (
	"maps"
	"slices"

	"tasm/codegen/x86"
)

// A run on numbers does not need terms. An instruction that runs often is carried out
// once on unknowns, by the same description as everything else, and the terms that come
// of it are translated to a short list of operations on numbers. What depends on an
// answer (whether a branch is taken) becomes a branch in that list; what can't be told
// that way is left to Step.

// Compiled is what an instruction does to a state of numbers.
type Compiled struct {
	shape      flagShape // of the flags before, for which it holds; 0 if for any
	operations []operation
	leaves     []leaf
	next       *Compiled // for other flags
}

// operation computes a slot from others. What it does is an op, or one of those below.
type operation struct {
	op      op
	width   uint8 // of the result, in bits
	aux     uint8 // opExtract: low; opConcat: width of b; opSignExtend, opLess: width of a
	to      uint8
	a, b, c uint8
	n       uint64 // opSum: the factor of a; opPlus: what is added; opJump: where to go on
	node    *node  // of what is left to Terms
}

// Operations beyond those of nodes.
const (
	opConstant op = 100 + iota // n
	opPlus                     // a + n
	opLoad                     // aux bytes at a
	opElse                     // go on at n unless a is 1
	opLeaf                     // the end: leaf n
	opLeave                    // the end: leave it to Step
	opShift                    // a << aux | b
)

// leaf is one end of an instruction: what changes.
type leaf struct {
	registers []slotOf
	ip        uint8 // slot
	store     bool
	address   uint8 // slots
	value     uint8
	size      uint8
	flags     leafFlags
}

// slotOf says which slot becomes the value of what has a number.
type slotOf struct{ number, slot uint8 }

// leafFlags is what becomes of the flags.
type leafFlags struct {
	changed bool
	shape   flagShape // afterwards
	late    x86.FlagSet
	// What the late ones follow from; new reports whether that has changed.
	isNew           bool
	operation       kind
	width           uint8
	x, y, in, total uint8
	terms           []slotOf
	undefined       []uint8
}

// Numbers of slots: the inputs first.
const (
	slotFlags = 16                    // single flags, by index in kept
	slotX     = slotFlags + len(kept) // of the last operation
	slotY     = slotX + 1
	slotTotal = slotX + 2
	slotFirst = slotX + 3
	slotCount = 128
	// Loads are Inputs from here on.
	inputLoad = 1 << 10
)

// flagShape is how flags are kept: which follow from the last operation, what that
// was, and which are undefined. 0 is none.
type flagShape uint64

func (f *flags) newShape() flagShape {
	s := flagShape(1)<<63 | flagShape(f.late)
	if f.late != 0 {
		s |= flagShape(f.operation)<<16 | flagShape(f.total.width)<<18 | flagShape(f.in.value&1)<<25
	}
	for i, k := range kept {
		if f.late&k.flag == 0 && f.term[i].width == 0 {
			s |= 1 << (26 + i)
		}
	}
	return s
}

// flagShape returns the shape of the flags.
func (s *State) flagShape() flagShape {
	if s.flags.shape == 0 {
		s.flags.shape = s.flags.newShape()
	}
	return s.flags.shape
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

// compiler translates one instruction.
type compiler struct {
	t       *Terms
	in      Prepared
	like    *State // the state to which it is applied first
	start   *State
	out     *Compiled
	slots   int
	failed  bool
	ofFlags bool // something depends on the flags before
}

// compile translates an instruction for flags of a shape. It returns nil where all of
// it is better left to Step.
func (s *State) compile(in Prepared, shape flagShape) *Compiled {
	c := &compiler{in: in, like: s}
	// Most instructions don't depend on how the flags are kept: try that first.
	if out := c.translate(1 << 63); out != nil && !c.ofFlags {
		out.shape = 0
		return out
	}
	return c.translate(shape)
}

func (c *compiler) translate(shape flagShape) *Compiled {
	c.t = NewTerms()
	c.out, c.slots, c.failed, c.ofFlags = &Compiled{shape: shape}, slotFirst, false, false
	c.start = c.state(shape)
	slots := map[*node]uint8{}
	for i, r := range c.start.Registers {
		slots[r.node] = uint8(i)
	}
	for i, x := range c.start.flags.term {
		if x.node != nil {
			slots[x.node] = uint8(slotFlags + i)
		}
	}
	f := &c.start.flags
	for i, x := range []Term{f.x, f.y, f.total} {
		if x.node != nil {
			slots[x.node] = uint8(slotX + i)
		}
	}
	c.explore(map[Term]bool{}, slots, 0)
	useful := slices.ContainsFunc(c.out.operations, func(o operation) bool { return o.op == opLeaf })
	if c.failed || !useful {
		return nil
	}
	return c.out
}

// state returns the state before the instruction, all of it unknown.
func (c *compiler) state(shape flagShape) *State {
	s := NewState(c.t, c.like.Bits)
	input := func(width, i int) Term {
		return c.t.Unknown(Unknown{Origin: Input, Width: width, Index: int64(i)})
	}
	for i := range s.Registers {
		s.Registers[i] = input(c.like.Bits, i)
	}
	f := &s.flags
	f.late = x86.FlagSet(shape & 0xffff)
	for i := range kept {
		f.term[i] = input(1, slotFlags+i)
		if shape>>(26+i)&1 != 0 || f.late&kept[i].flag != 0 {
			f.term[i] = Term{}
		}
	}
	if f.late != 0 {
		width := int(shape >> 18 & 0x7f)
		f.operation = kind(shape >> 16 & 3)
		f.in = Number(1, uint64(shape>>25&1))
		f.x, f.y, f.total = input(width, slotX), input(width, slotY), input(width, slotTotal)
	}
	s.KeepsReturn, s.LeavesUnequal, s.EndsAtZero = c.like.KeepsReturn, c.like.LeavesUnequal, c.like.EndsAtZero
	s.IP = Number(c.like.Bits, c.like.IP.value)
	return s
}

// explore carries the instruction out, with answers to the questions that it asks.
func (c *compiler) explore(answers map[Term]bool, slots map[*node]uint8, depth int) {
	s := *c.start
	a := &accesses{t: s.Terms}
	s.Load, s.Store = a.load, a.store
	s.Known = func(x Term) (bool, bool) { v, ok := answers[x]; return v, ok }
	e := s.StepPrepared(c.in)
	if a.mixed || len(a.stores) > 1 || c.failed {
		c.failed = true
		return
	}
	if e.Kind != Done && e.Kind != Fork || depth > mostForks {
		c.emit(operation{op: opLeave})
		return
	}
	for _, l := range a.loads {
		if _, done := slots[l.value.node]; !done {
			address := c.slot(l.address, slots)
			slots[l.value.node] = c.emitTo(operation{op: opLoad, width: l.value.width, aux: l.value.width / 8, a: address})
		}
	}
	if e.Kind == Done {
		c.leaf(&s, a.stores, slots)
		return
	}
	condition := c.slot(e.Condition, slots)
	at := c.emit(operation{op: opElse, a: condition})
	for _, answer := range []bool{true, false} {
		if !answer {
			c.out.operations[at].n = uint64(len(c.out.operations))
		}
		more := maps.Clone(answers)
		more[e.Condition] = answer
		c.explore(more, maps.Clone(slots), depth+1)
	}
}

// leaf notes what has changed.
func (c *compiler) leaf(s *State, stores []access, slots map[*node]uint8) {
	var l leaf
	for i := range s.Registers {
		if s.Registers[i] != c.start.Registers[i] {
			l.registers = append(l.registers, slotOf{uint8(i), c.slot(s.Registers[i], slots)})
		}
	}
	l.ip = c.slot(s.IP, slots)
	for _, a := range stores {
		l.store, l.size = true, a.value.width/8
		l.address, l.value = c.slot(a.address, slots), c.slot(a.value, slots)
	}
	c.flags(&l.flags, &s.flags, slots)
	c.emit(operation{op: opLeaf, n: uint64(len(c.out.leaves))})
	c.out.leaves = append(c.out.leaves, l)
}

// flags notes how the flags have changed.
func (c *compiler) flags(l *leafFlags, f *flags, slots map[*node]uint8) {
	before := &c.start.flags
	f.shape, before.shape = 0, 0
	if *f == *before {
		return
	}
	l.changed, l.late, l.shape = true, f.late, f.newShape()
	if f.late != 0 && (f.x != before.x || f.y != before.y || f.in != before.in || f.total != before.total || f.operation != before.operation) {
		l.isNew, l.operation, l.width = true, f.operation, f.total.width
		l.x, l.y, l.in, l.total = c.slot(f.x, slots), c.slot(f.y, slots), c.slot(f.in, slots), c.slot(f.total, slots)
	}
	replaced := status
	for i, k := range kept {
		switch x := f.term[i]; {
		case f.late&k.flag != 0:
			if before.late&k.flag != 0 && !l.isNew {
				replaced &^= k.flag
			}
		case x.width == 0:
			l.undefined = append(l.undefined, uint8(i))
		case x != before.term[i] || before.late&k.flag != 0:
			l.terms = append(l.terms, slotOf{uint8(i), c.slot(x, slots)})
		default:
			replaced &^= k.flag
		}
	}
	// The shape afterwards follows from the one before where a flag stays as it was.
	c.ofFlags = c.ofFlags || replaced != status
}

// slot emits what computes a term, and returns its slot.
func (c *compiler) slot(x Term, slots map[*node]uint8) uint8 {
	if x.node == nil {
		return c.emitTo(operation{op: opConstant, n: x.value})
	}
	at, ok := slots[x.node]
	if !ok {
		at = c.node(x.node, slots)
		slots[x.node] = at
	} else if at >= slotFlags && int(at) < slotFirst {
		c.ofFlags = true
	}
	if x.value != 0 {
		at = c.emitTo(operation{op: opPlus, width: x.width, a: at, n: x.value})
	}
	return at
}

// node emits what computes a node.
func (c *compiler) node(n *node, slots map[*node]uint8) uint8 {
	if n.op == opUnknown {
		c.failed = true // something that the manuals leave undefined
		return 0
	}
	o := operation{op: n.op, width: n.width, node: n, n: n.coefficient}
	switch n.op {
	case opExtract:
		o.aux = n.low
	case opConcat:
		if n.a == number(n.a.width, 0) {
			return c.slot(n.b, slots)
		}
		o.op, o.aux = opShift, n.b.width
	case opSignExtend, opLess:
		o.aux = n.a.width
	}
	for i, x := range []Term{n.a, n.b, n.c} {
		at := uint8(0)
		if x.width > 0 {
			at = c.slot(x, slots)
		}
		switch i {
		case 0:
			o.a = at
		case 1:
			o.b = at
		case 2:
			o.c = at
		}
	}
	return c.emitTo(o)
}

// emit appends an operation and returns its index.
func (c *compiler) emit(o operation) int {
	c.out.operations = append(c.out.operations, o)
	return len(c.out.operations) - 1
}

// emitTo gives an operation a slot for its result.
func (c *compiler) emitTo(o operation) uint8 {
	if c.slots >= slotCount {
		c.failed = true
		return 0
	}
	o.to = uint8(c.slots)
	c.slots++
	c.emit(o)
	return o.to
}
