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
