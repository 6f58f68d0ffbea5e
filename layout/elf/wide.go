package elf

import "math/bits"

// wide is a signed 128-bit number: sums of fields must not wrap.
type wide struct {
	hi int64
	lo uint64
}

func (a wide) plus(b wide) wide {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(uint64(a.hi), uint64(b.hi), carry)
	return wide{int64(hi), lo}
}

func (a wide) negated() wide {
	lo, borrow := bits.Sub64(0, a.lo, 0)
	hi, _ := bits.Sub64(0, uint64(a.hi), borrow)
	return wide{int64(hi), lo}
}

// times returns x*y, negated if sign is negative.
func times(x, y uint64, sign int64) wide {
	hi, lo := bits.Mul64(x, y)
	w := wide{int64(hi), lo}
	if sign < 0 {
		return w.negated()
	}
	return w
}

func (a wide) negative() bool { return a.hi < 0 }

func (a wide) abs() wide {
	if a.negative() {
		return a.negated()
	}
	return a
}

func (a wide) less(b wide) bool { return a.plus(b.negated()).negative() }
