package machine

import "testing"

// TestSharedParts takes bits of a term in which each operation uses what the one before
// made twice: there are more ways through it than can be gone.
func TestSharedParts(t *testing.T) {
	terms := NewTerms()
	x := terms.Unknown(Unknown{Origin: Input, Width: 32})
	for range 300 {
		x = terms.Xor(x, terms.Mul(x, x))
	}
	part := terms.Extract(x, 0, 8)
	if part.Width() != 8 || part != terms.Extract(x, 0, 8) {
		t.Errorf("%v", part.Width())
	}
}
