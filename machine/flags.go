package machine

import (
	"math/bits"

	"tasm/codegen/x86"
)

// kept are the flags that a State holds, and their bits in the flags register.
// All others have the value that the kernel gives them.
var kept = [...]struct {
	flag x86.FlagSet
	bit  int
}{
	{x86.CF, 0}, {x86.PF, 2}, {x86.AF, 4}, {x86.ZF, 6}, {x86.SF, 7}, {x86.DF, 10}, {x86.OF, 11},
}

const (
	// always are the bits of the flags register that are set in a user's
	// program: IF, and the one that is always set.
	always = 0x202
	// refused are the bits that popf must not change for the rest of the
	// machine to stay as it is: TF, NT, AC, ID.
	refused = 1<<8 | 1<<14 | 1<<18 | 1<<21
	status  = x86.CF | x86.PF | x86.AF | x86.ZF | x86.SF | x86.OF
)

// operation is what most instructions leave in the flags.
type kind uint8

const (
	adding kind = iota
	subtracting
	logical
)

// flags computes flags when they are asked for: most never are.
type flags struct {
	// term holds the flags that are not in late, by the index in kept; the zero
	// Term is a flag that was left undefined and that nobody has looked at.
	term [len(kept)]Term
	// late are the flags that follow from the last operation.
	late            x86.FlagSet
	operation       kind
	x, y, in, total Term // x + y + in = total, or x - y - in
	// shape is what flagShape tells, 0 where it has to be asked.
	shape flagShape
}

func index(f x86.FlagSet) int {
	for i := range kept {
		if kept[i].flag == f {
			return i
		}
	}
	panic("machine: no such flag")
}

// record makes the flags in set follow from an operation.
func (s *State) record(set x86.FlagSet, operation kind, x, y, in, total Term) {
	f := &s.flags
	f.shape = 0
	if lost := f.late &^ set; lost != 0 {
		for i := range kept {
			if lost&kept[i].flag != 0 {
				f.term[i] = s.compute(kept[i].flag)
			}
		}
	}
	f.late, f.operation = set, operation
	f.x, f.y, f.in, f.total = x, y, in, total
}

// Flag returns a flag as a term of one bit.
func (s *State) Flag(flag x86.FlagSet) Term {
	if s.flags.late&flag != 0 {
		return s.compute(flag)
	}
	i := index(flag)
	if s.flags.term[i].width == 0 {
		s.flags.shape = 0
		s.flags.term[i] = s.Terms.Undefined(1)
	}
	return s.flags.term[i]
}

// SetFlag changes a flag.
func (s *State) SetFlag(flag x86.FlagSet, value Term) {
	s.flags.shape = 0
	s.flags.late &^= flag
	s.flags.term[index(flag)] = value
}

// undefine leaves flags undefined.
func (s *State) undefine(set x86.FlagSet) {
	s.flags.shape = 0
	s.flags.late &^= set
	for i := range kept {
		if set&kept[i].flag != 0 {
			s.flags.term[i] = Term{}
		}
	}
}

// compute computes a flag from the last operation (manual, volume 1, 3.4.3.1).
func (s *State) compute(flag x86.FlagSet) Term {
	t, f := s.Terms, &s.flags
	x, y, r := f.x, f.y, f.total
	if x.node == nil && y.node == nil && r.node == nil {
		return bit(statusFlags(f.operation, r.width, x.value, y.value, r.value)&flag != 0)
	}
	switch flag {
	case x86.ZF:
		return t.IsZero(r)
	case x86.SF:
		return t.Sign(r)
	case x86.PF:
		return t.parity(r)
	case x86.AF:
		return t.Add(t.Extract(x, 4, 1), t.Add(t.Extract(y, 4, 1), t.Extract(r, 4, 1)))
	case x86.CF:
		if f.operation == adding {
			return t.If(f.in, t.Not(t.Below(x, r)), t.Below(r, x))
		}
		return t.If(f.in, t.Not(t.Below(y, x)), t.Below(x, y))
	}
	sx, sy, sr := t.Sign(x), t.Sign(y), t.Sign(r)
	if f.operation == subtracting {
		sy = t.Not(sy)
	}
	return t.And(t.Xor(sx, sr), t.Xor(sy, sr))
}

// statusFlags computes the flags of an operation on numbers of a width: what it carried
// from bit to bit follows from the operands and the result.
func statusFlags(operation kind, width uint8, x, y, total uint64) x86.FlagSet {
	var carries uint64
	switch operation {
	case adding:
		carries = x&y | (x|y)&^total
	case subtracting:
		carries = ^x&y | ^(x^y)&total
	}
	top := width - 1
	at := func(x uint64, bit uint8) x86.FlagSet { return x86.FlagSet(x >> bit & 1) }
	return x86.CF*at(carries, top) | x86.AF*at(carries, 3) | x86.OF*at(carries^carries<<1, top) | x86.SF*at(total, top) |
		x86.ZF*x86.FlagSet(one(total == 0)) | x86.PF*x86.FlagSet(1&^bits.OnesCount8(uint8(total)))
}

// parity returns whether the number of ones in the low byte is even.
func (t *Terms) parity(x Term) Term {
	if x.node == nil {
		return bit(bits.OnesCount8(uint8(x.value))%2 == 0)
	}
	p := bit(true)
	for i := range 8 {
		p = t.Add(p, t.Extract(x, i, 1))
	}
	return p
}

// FlagsRegister returns the flags register, 64 bits wide.
func (s *State) FlagsRegister() Term {
	x := Number(1, always&1)
	next := 1
	for _, k := range kept {
		if k.bit == 0 {
			x = s.Flag(k.flag)
			continue
		}
		if gap := k.bit - next; gap > 0 {
			x = s.Terms.Concat(Number(gap, always>>next), x)
		}
		x, next = s.Terms.Concat(s.Flag(k.flag), x), k.bit+1
	}
	return s.Terms.Concat(Number(64-next, always>>next), x)
}

// SetFlags takes the flags in a set from the bits of the flags register.
func (s *State) SetFlags(set x86.FlagSet, register Term) {
	for _, k := range kept {
		if set&k.flag != 0 {
			s.SetFlag(k.flag, s.Terms.Extract(register, k.bit, 1))
		}
	}
}

// conditions are the tests of Jcc, SETcc and CMOVcc.
var conditions = map[x86.Condition]func(*State) Term{
	x86.IfOverflow: overflows, x86.IfBelow: below, x86.IfEqual: equal, x86.IfBelowEqual: belowOrEqual,
	x86.IfNegative: sign, x86.IfParityEven: parityEven, x86.IfLess: less, x86.IfLessOrEqual: lessOrEqual,
}

// holds returns the term of a condition.
func (s *State) holds(c x86.Condition) Term {
	base, negated := c.Base()
	x := conditions[base](s)
	if negated {
		return s.Terms.Not(x)
	}
	return x
}

func overflows(s *State) Term  { return s.Flag(x86.OF) }
func below(s *State) Term      { return s.Flag(x86.CF) }
func equal(s *State) Term      { return s.Flag(x86.ZF) }
func sign(s *State) Term       { return s.Flag(x86.SF) }
func parityEven(s *State) Term { return s.Flag(x86.PF) }

// compared reports whether the flags are those of a comparison, whose operands
// then tell more simply what the flags mean together.
func (s *State) compared(set x86.FlagSet) bool {
	f := &s.flags
	return f.late&set == set && f.operation == subtracting && f.in == bit(false)
}

func belowOrEqual(s *State) Term {
	if s.compared(x86.CF | x86.ZF) {
		return s.Terms.Not(s.Terms.Below(s.flags.y, s.flags.x))
	}
	return s.Terms.Or(s.Flag(x86.CF), s.Flag(x86.ZF))
}

func less(s *State) Term {
	if s.compared(x86.SF | x86.OF) {
		return s.Terms.Less(s.flags.x, s.flags.y)
	}
	return s.Terms.Xor(s.Flag(x86.SF), s.Flag(x86.OF))
}

func lessOrEqual(s *State) Term {
	t := s.Terms
	if s.compared(x86.SF | x86.OF | x86.ZF) {
		return t.Not(t.Less(s.flags.y, s.flags.x))
	}
	if f := &s.flags; f.operation == logical && f.late&(x86.SF|x86.OF|x86.ZF) == x86.SF|x86.OF|x86.ZF {
		return t.Not(t.Less(number(f.total.width, 0), f.total))
	}
	return t.Or(less(s), s.Flag(x86.ZF))
}
