package machine

import "tasm/codegen/x86"

// What an analysis of programs, whose values are less than terms, has to see of them.

// Maybe returns the bits that are not known to be zero.
func (x Term) Maybe() uint64 { return x.maybe() }

// Affine returns the Unknown that x is the sum of with a number, modulo 2 to the power
// of its width; also where it was cut off and extended with zeros again, which left its
// value as it was.
func (x Term) Affine() (u Unknown, offset uint64, ok bool) {
	if n := x.node; n != nil && n.op == OpUnknown {
		return *n.unknown, x.value, true
	}
	low, extended := x.zeroExtended()
	if !extended || low.node == nil || low.node.op != OpExtract || low.node.low != 0 {
		return Unknown{}, 0, false
	}
	of := low.node.a
	if of.value != 0 || of.width != x.width || of.node.op != OpUnknown || of.maybe()&^mask(low.width) != 0 || low.node.most > mask(low.width)-low.value {
		return Unknown{}, 0, false
	}
	return *of.node.unknown, low.value, true
}

// Visit calls f for x and for the terms that it is made of, as long as f returns true for
// what they are part of: with the lowest of their bits that is used, and how many are.
func (x Term) Visit(f func(x Term, low, width int) bool) {
	if x.node == nil {
		return
	}
	n := x.node
	if n.op == OpExtract {
		if f(n.a, int(n.low), int(n.width)) {
			n.a.parts(f)
		}
		return
	}
	if f(x, 0, int(x.width)) {
		x.parts(f)
	}
}

func (x Term) parts(f func(x Term, low, width int) bool) {
	if x.node == nil {
		return
	}
	for _, a := range [...]Term{x.node.a, x.node.b, x.node.c} {
		a.Visit(f)
	}
}

// ForgetFlags leaves the flags such that nothing tells them.
func (s *State) ForgetFlags() { s.flags.late, s.flags.shape = 0, 0 }

// TakeFlags sets the flags to those of another state.
func (s *State) TakeFlags(from *State) { s.flags = from.flags }

// FlagSource is what the flags in Set were computed from: of Result, which, where Subtracted is set, is X
// minus Y.
type FlagSource struct {
	Set          x86.FlagSet
	Result, X, Y Term
	Subtracted   bool
}

// FlagSource returns the last operation that set some of the flags.
func (s *State) FlagSource() FlagSource {
	f := &s.flags
	return FlagSource{Set: f.late, Result: f.total, X: f.x, Y: f.y, Subtracted: f.operation == subtracting && f.in == bit(false)}
}
