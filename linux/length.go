package linux

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Length bounds the bytes of a buffer from above: it is the sum of its terms.
type Length []Term

// Term is one product of a Length: Scale, times the value of an argument unless
// Arg is negative, counted in units.
type Term struct {
	Scale int64 // positive
	Arg   int   // index of the argument, or -1
	// Deref tells that the argument is the address of a 32-bit int, and that
	// int the factor.
	Deref bool
	Unit  Unit
}

// Unit is what a Term counts.
type Unit uint8

const (
	// Bytes counts bytes.
	Bytes Unit = iota
	// LongBits counts bits in a set that is rounded up to whole longs.
	LongBits
	// Pages is one byte for each page of 4096 bytes, or part of one.
	Pages
)

// PageSize is the unit of memory mapping on x86, in bytes.
const PageSize = 4096

// Const returns the bound where no argument decides it.
func (l Length) Const() (int64, bool) {
	var sum int64
	for _, t := range l {
		if t.Arg >= 0 {
			return 0, false
		}
		sum += t.Scale
	}
	return sum, true
}

// Argument returns the index of the argument whose value is the bound, and false
// where it is not as simple as that.
func (l Length) Argument() (int, bool) {
	if len(l) != 1 || l[0].Arg < 0 || l[0].Scale != 1 || l[0].Deref || l[0].Unit != Bytes {
		return 0, false
	}
	return l[0].Arg, true
}

// Bytes computes the bound for a call. The function value gives the content of
// an argument's register, or with deref that of the 32-bit int that it points
// to; where it says false the bound is unknown, and so says Bytes. A bound that
// leaves 64 bits becomes math.MaxUint64.
func (l Length) Bytes(abi *ABI, value func(arg int, deref bool) (uint64, bool)) (uint64, bool) {
	var sum uint64
	for _, t := range l {
		n := uint64(t.Scale)
		if t.Arg >= 0 {
			v, ok := value(t.Arg, t.Deref)
			if !ok {
				return 0, false
			}
			hi, lo := bits.Mul64(n, v)
			if hi != 0 {
				return math.MaxUint64, true
			}
			n = lo
		}
		switch long := uint64(abi.PointerSize); t.Unit {
		case LongBits:
			n = ceilDiv(n, 8*long) * long
		case Pages:
			n = ceilDiv(n, PageSize)
		}
		var carry uint64
		if sum, carry = bits.Add64(sum, n, 0); carry != 0 {
			return math.MaxUint64, true
		}
	}
	return sum, true
}

func ceilDiv(n, d uint64) uint64 {
	q := n / d
	if n%d != 0 {
		q++
	}
	return q
}

// parseLength reads a length as syscalls.tsv writes it. The function argument
// finds an argument of the call by its name.
func parseLength(text string, abi *ABI, argument func(name string) (int, bool)) (Length, error) {
	length := make(Length, 0, 1+strings.Count(text, "+"))
	for term := range strings.SplitSeq(text, "+") {
		t := Term{Scale: 1, Arg: -1}
		if term, t.Deref = strings.CutPrefix(term, "*"); t.Deref {
			arg, ok := argument(term)
			if !ok {
				return nil, fmt.Errorf("no argument %q", term)
			}
			t.Arg = arg
			length = append(length, t)
			continue
		}
		for factor := range strings.SplitSeq(term, "*") {
			if n, err := strconv.ParseUint(factor, 10, 31); err == nil {
				t.Scale *= int64(n)
			} else if arg, ok := argument(factor); ok && t.Arg < 0 {
				t.Arg = arg
			} else if size, ok := structSizes()[factor]; ok && size[abi.index] > 0 {
				t.Scale *= size[abi.index]
			} else if factor == "bits" && t.Unit == Bytes {
				t.Unit = LongBits
			} else if factor == "pages" && t.Unit == Bytes {
				t.Unit = Pages
			} else {
				return nil, fmt.Errorf("factor %q of length %q is no number, argument or structure of %s", factor, text, abi.Name)
			}
		}
		if t.Scale < 1 || t.Unit != Bytes && t.Arg < 0 {
			return nil, fmt.Errorf("length %q has a term without a count", text)
		}
		length = append(length, t)
	}
	return length, nil
}
