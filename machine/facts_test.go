package machine

import (
	"slices"
	"testing"
)

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

// TestOrder asks what two unknowns can be of which one is known to be below the other one.
func TestOrder(t *testing.T) {
	terms := NewTerms()
	x, y := terms.Unknown(Unknown{Width: 32}), terms.Unknown(Unknown{Width: 32, Index: 1})
	for _, c := range []struct {
		name      string
		condition Term
		holds     bool
		x, y      [][2]uint64
	}{
		{"below", terms.Below(x, y), true, [][2]uint64{{0, 99}}, [][2]uint64{{11, 100}}},
		{"not below", terms.Below(y, x), false, [][2]uint64{{0, 100}}, [][2]uint64{{10, 100}}},
		{"less", terms.Less(x, y), true, [][2]uint64{{0, 99}, {1 << 31, 1<<32 - 1}}, [][2]uint64{{10, 100}}},
		{"less with a number added", terms.Less(x.plus(1), y), true, [][2]uint64{{0, 98}, {1<<31 - 1, 1<<32 - 1}}, [][2]uint64{{10, 100}}},
		{"above", terms.Below(y, x), true, [][2]uint64{{11, 1<<32 - 1}}, [][2]uint64{{10, 100}}},
	} {
		facts := NewFacts(terms)
		facts.Limit(y, 10, 100)
		if c.name == "below" {
			facts.Limit(x, 10, 1<<32-1)
			c.x[0][0] = 10
		}
		if !facts.Assume(c.condition, c.holds) {
			t.Errorf("%s: it can't be", c.name)
		}
		if got := facts.Values(x); !slices.Equal(got, c.x) {
			t.Errorf("%s: x is in %v, not in %v", c.name, got, c.x)
		}
		if got := facts.Values(y); !slices.Equal(got, c.y) {
			t.Errorf("%s: y is in %v, not in %v", c.name, got, c.y)
		}
	}
	facts := NewFacts(terms)
	if facts.Limit(x, 100, 200) && facts.Limit(y, 0, 100) && facts.Assume(terms.Below(x, y), true) {
		t.Error("what is 100 at least is below what is 100 at most")
	}
}
