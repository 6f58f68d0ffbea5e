package deflate

import (
	"encoding/binary"
	"math/bits"
)

const hashBits = 15

// match is a copy of length bytes from dist bytes back.
type match struct {
	length uint16
	dist   uint16 // 32768 is stored as it is; it fits
}

// finder looks for earlier occurrences of the bytes at a position. Positions
// with equal hashes of their first three bytes are chained, latest first.
type finder struct {
	src     []byte
	effort  effort
	head    []int32 // hash -> latest position + 1
	prev    []int32 // position modulo windowSize -> the one before it in its chain, + 1
	longest [numDist]match
}

func newFinder(src []byte, e effort) *finder {
	return &finder{
		src:    src,
		effort: e,
		head:   make([]int32, 1<<hashBits),
		prev:   make([]int32, min(windowSize, len(src))),
	}
}

func (f *finder) hash(i int) uint32 {
	v := uint32(f.src[i]) | uint32(f.src[i+1])<<8 | uint32(f.src[i+2])<<16
	return v * 0x9e3779b1 >> (32 - hashBits)
}

// insert makes position i known to later searches. Positions are inserted in order.
func (f *finder) insert(i int) {
	if i+minMatch > len(f.src) {
		return
	}
	h := f.hash(i)
	f.prev[i%windowSize] = f.head[h]
	f.head[h] = int32(i) + 1
}

// appendMatches appends the longest match at position i for each distance code
// that has one, the nearest distances first. No match goes beyond end.
func (f *finder) appendMatches(out []match, i, end int) []match {
	limit := min(maxMatch, end-i)
	if limit < minMatch {
		return out
	}
	here := f.src[i : i+limit]
	lowest := max(i-windowSize, 0)
	top := 0 // 1 + the highest distance code with a match; chains run from near to far
	for p, depth := int(f.head[f.hash(i)])-1, f.effort.depth; p >= lowest && depth > 0; depth-- {
		d := distIndex(i - p)
		for ; top <= d; top++ {
			f.longest[top] = match{}
		}
		have := int(f.longest[d].length)
		if have < limit && f.src[p+have] == here[have] {
			n := commonPrefix(f.src[p:p+limit], here)
			if n > have && n >= minMatch {
				f.longest[d] = match{uint16(n), uint16(i - p)}
				if n >= f.effort.nice {
					break
				}
			}
		}
		p = int(f.prev[p%windowSize]) - 1
	}
	for _, m := range f.longest[:top] {
		if m.length > 0 {
			out = append(out, m)
		}
	}
	return out
}

// commonPrefix returns how many leading bytes a and b, of one length, share.
func commonPrefix(a, b []byte) int {
	n := 0
	for ; n+8 <= len(a) && n+8 <= len(b); n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
