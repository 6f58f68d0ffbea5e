package deflate

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

const maxHashBits = 15

// match is a copy of length bytes from dist bytes back.
type match struct {
	length uint16
	dist   uint16 // 32768 is stored as it is; it fits
}

// finder looks for earlier occurrences of the bytes at a position. Positions
// with equal hashes of their first three bytes are chained, latest first.
type finder struct {
	src    []byte
	effort effort
	shift  int     // of a product to a hash
	head   []int32 // hash -> latest position + 1
	prev   []int32 // position modulo windowSize -> the one before it in its chain, + 1
	runs   []span  // of small inputs: the run of equal bytes that each position is in
}

// span is where a run of equal bytes begins and ends.
type span struct{ start, end int32 }

func newFinder(src []byte, e effort) *finder {
	// A table much larger than the input only costs the time to clear it.
	hashBits := min(maxHashBits, bits.Len(uint(len(src)))+1)
	f := &finder{
		src:    src,
		effort: e,
		shift:  32 - hashBits,
		head:   make([]int32, 1<<hashBits),
		prev:   make([]int32, min(windowSize, len(src))),
	}
	if e.depth >= windowSize {
		f.runs = runsOf(src)
	}
	return f
}

func runsOf(src []byte) []span {
	runs := make([]span, len(src))
	for start := 0; start < len(src); {
		end := start + 1
		for end < len(src) && src[end] == src[start] {
			end++
		}
		for i := start; i < end; i++ {
			runs[i] = span{int32(start), int32(end)}
		}
		start = end
	}
	return runs
}

func (f *finder) hash(i int) uint32 {
	v := uint32(f.src[i]) | uint32(f.src[i+1])<<8 | uint32(f.src[i+2])<<16
	return v * 0x9e3779b1 >> f.shift
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
// that has one, the longest first. No match goes beyond end. The search ends
// with a match that reaches end or the longest length: under the fixed codes
// none farther away can be cheaper.
func (f *finder) appendMatches(out []match, i, end int) []match {
	limit := min(maxMatch, end-i)
	if limit < minMatch {
		return out
	}
	here := f.src[i : i+limit]
	lowest := max(i-windowSize, 0)
	first, longest := len(out), 0
	// The distance code at hand goes up to distance edge - 1 and has found
	// have bytes, in out's last match if found.
	edge, have, found := 0, 0, false
	for p, depth := int(f.head[f.hash(i)])-1, f.effort.depth; p >= lowest && depth > 0; depth-- {
		if i-p >= edge {
			r := distRuns[distIndex(i-p)]
			edge, have, found = r.base+1<<r.extra, minMatch-1, false
			if !f.effort.thorough {
				have = max(have, longest)
			}
		}
		if f.src[p+have] == here[have] {
			if n := commonPrefix(f.src[p:p+limit], here); n > have {
				if found {
					out = out[:len(out)-1]
				}
				out = append(out, match{uint16(n), uint16(i - p)})
				have, found = n, true
				longest = max(longest, n)
				if n == limit || n >= f.effort.nice {
					break
				}
			}
		}
		if f.runs != nil {
			p = f.before(p, i, limit, i-edge)
		} else {
			p = int(f.prev[p%windowSize]) - 1
		}
	}
	slices.SortStableFunc(out[first:], func(a, b match) int { return cmp.Compare(b.length, a.length) })
	return out
}

// before returns the position before p in its chain, of which a match at i may be that
// is more than the one at p. In a run of equal bytes as at i, matches get longer towards
// the run's start until as much of the run follows as of the one at i; from there on all
// are alike, as far as the distance code is.
func (f *finder) before(p, i, limit, nextCode int) int {
	run, here, there := f.runs[p], int(f.runs[i].end)-i, int(f.runs[p].end)-p
	to := max(int(run.start), nextCode)
	if there < here {
		to = max(int(run.start), nextCode+1, int(run.end)-min(here, limit))
	}
	if min(here, there) >= minMatch && here != there && to < p { // all of one chain
		return to
	}
	return int(f.prev[p%windowSize]) - 1
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
