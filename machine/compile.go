package machine

import "tasm/codegen/x86"

// A run on numbers does not need terms. An instruction that runs often is lifted once,
// for flags that are kept in the way in which they are just then; what can't be told that
// way is left to Step.

// Compiled is what an instruction does to a state of numbers.
type Compiled struct {
	shape      flagShape // of the flags before, for which it holds; 0 if for any
	operations []Operation
	ends       []end
	next       *Compiled // for other flags
}

// end is one end of an instruction: what changes.
type end struct {
	End
	flags endFlags
}

// endFlags is what becomes of the flags.
type endFlags struct {
	changed bool
	shape   flagShape // afterwards
	late    x86.FlagSet
	// What the late ones follow from; new reports whether that has changed.
	isNew           bool
	operation       kind
	width           uint8
	x, y, in, total uint8
	terms           []SlotOf
	undefined       []uint8
}

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

// compile translates an instruction for flags of a shape. It returns nil where all of
// it is better left to Step.
func (s *State) compile(in Prepared, shape flagShape) *Compiled {
	l := lifter{in: in, like: s}
	// Most instructions don't depend on how the flags are kept: try that first.
	if l.lift(1<<63) && !l.ofFlags {
		return &Compiled{operations: l.operations, ends: l.ends}
	}
	if !l.lift(shape) {
		return nil
	}
	return &Compiled{shape: shape, operations: l.operations, ends: l.ends}
}

// flags notes how the flags have changed.
func (l *lifter) flags(c *endFlags, f *flags, slots map[*node]uint8) {
	before := &l.start.flags
	f.shape, before.shape = 0, 0
	if *f == *before {
		return
	}
	c.changed, c.late, c.shape = true, f.late, f.newShape()
	if f.late != 0 && (f.x != before.x || f.y != before.y || f.in != before.in || f.total != before.total || f.operation != before.operation) {
		c.isNew, c.operation, c.width = true, f.operation, f.total.width
		c.x, c.y, c.in, c.total = l.slot(f.x, slots), l.slot(f.y, slots), l.slot(f.in, slots), l.slot(f.total, slots)
	}
	replaced := status
	for i, k := range kept {
		switch x := f.term[i]; {
		case f.late&k.flag != 0:
			if before.late&k.flag != 0 && !c.isNew {
				replaced &^= k.flag
			}
		case x.width == 0:
			c.undefined = append(c.undefined, uint8(i))
		case x != before.term[i] || before.late&k.flag != 0:
			c.terms = append(c.terms, SlotOf{uint8(i), l.slot(x, slots)})
		default:
			replaced &^= k.flag
		}
	}
	// The shape afterwards follows from the one before where a flag stays as it was.
	l.ofFlags = l.ofFlags || replaced != status
}
