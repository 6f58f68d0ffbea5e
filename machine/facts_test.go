package machine

import "testing"

// TestCeiling asks how large a term can be that has each part twice, whose parts have
// theirs twice, and so on: that takes as long as there are parts, and not as ways to them.
func TestCeiling(t *testing.T) {
	terms := NewTerms()
	facts := NewFacts(terms)
	x := terms.Unknown(Unknown{Width: 32})
	if !facts.Limit(x, 0, 1) {
		t.Fatal("an unknown can't be 0 or 1")
	}
	for i := range int64(64) {
		half := terms.ZeroExtend(terms.Extract(x, 1, 31), 32)
		bit := terms.ZeroExtend(terms.Extract(x, 0, 31), 32)
		y := terms.Unknown(Unknown{Width: 32, Index: i + 1})
		facts.Limit(y, 0, 2)
		x = terms.Add(terms.Add(half, bit), y)
	}
	if most := facts.Max(x); most == 0 {
		t.Errorf("a sum is 0 at most")
	}
}

// TestLowBits asks what a call has returned of which the low 32 bits are above 0: no error.
func TestLowBits(t *testing.T) {
	terms := NewTerms()
	facts := NewFacts(terms)
	x := terms.Unknown(Unknown{Width: 64})
	zero := Number(32, 0)
	if !facts.Limit(x, 1<<64-4095, 1024) || !facts.Assume(terms.Less(zero, terms.Extract(x, 0, 32)), true) {
		t.Fatal("it can't be")
	}
	if got := facts.Values(x); len(got) != 1 || got[0] != [2]uint64{1, 1024} {
		t.Errorf("it is in %v, not from 1 to 1024", got)
	}
	if facts.Assume(terms.Equal(terms.Extract(x, 0, 32), Number(32, 2000)), true) {
		t.Error("it can be 2000")
	}
}
