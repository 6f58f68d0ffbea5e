package machine

import "testing"

// TestDigits divides a number by 10 until nothing can be left of it: that ends.
func TestDigits(t *testing.T) {
	terms := NewTerms()
	x := terms.Mul(terms.Unknown(Unknown{Width: 32}), Number(32, 12345))
	for range 10 {
		if x.IsNumber() {
			t.Fatalf("%v after fewer divisions than there may be digits", x)
		}
		x, _ = terms.Divide(Number(32, 0), x, Number(32, 10), false)
	}
	if n, known := x.Constant(); !known || n != 0 {
		t.Errorf("what is left is %v, not 0", x)
	}
}
