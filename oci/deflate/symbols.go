package deflate

import "math/bits"

// The alphabets of RFC 1951 section 3.2.5.
const (
	endOfBlock  = 256
	firstLength = 257 // symbol of match length 3
	numLitLen   = 286
	numDist     = 30
	numCodeLen  = 19
	maxBits     = 15 // longest code for a literal, length or distance
)

// run is a symbol's base value and the number of extra bits that follow it.
type run struct {
	base  int
	extra uint
}

var (
	lengthRuns = makeLengthRuns()
	distRuns   = makeDistRuns()

	// lengthIndex gives, for a match length, its index in lengthRuns.
	lengthIndex = makeLengthIndex()
)

// makeLengthRuns computes the table of length codes: eight of one length each,
// then four for every further extra bit. Length 258 has a code of its own.
func makeLengthRuns() (runs [29]run) {
	base := minMatch
	for i := range runs {
		extra := uint(0)
		if i >= 8 {
			extra = uint(i/4 - 1)
		}
		runs[i] = run{base, extra}
		base += 1 << extra
	}
	runs[28] = run{maxMatch, 0}
	return runs
}

// makeDistRuns computes the table of distance codes: four of one distance
// each, then two for every further extra bit.
func makeDistRuns() (runs [numDist]run) {
	base := 1
	for i := range runs {
		extra := uint(0)
		if i >= 4 {
			extra = uint(i/2 - 1)
		}
		runs[i] = run{base, extra}
		base += 1 << extra
	}
	return runs
}

func makeLengthIndex() (index [maxMatch + 1]uint8) {
	for i, r := range lengthRuns {
		for l := r.base; l <= maxMatch && l < r.base+1<<r.extra; l++ {
			index[l] = uint8(i)
		}
	}
	return index
}

// distIndex gives the index in distRuns of a distance of 1..32768.
func distIndex(dist int) int {
	d := uint(dist - 1)
	if d < 4 {
		return int(d)
	}
	n := uint(bits.Len(d)) - 1 // position of the highest bit; the next bit picks one of two codes
	return int(2*n + d>>(n-1)&1)
}
