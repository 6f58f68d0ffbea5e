package deflate

// kind is a block's type as written in its header (BTYPE).
type kind uint8

const (
	stored kind = iota
	fixed
	dynamic
)

// block is one way to write src[lo:hi], and what it costs.
type block struct {
	kind   kind
	lo, hi int
	bits   int // header included; for stored blocks the worst case of alignment
	tokens []token
	book   *codeBook
	header *header // dynamic only
}

// encoder holds the input, the matches of the current chunk and scratch space.
type encoder struct {
	src    []byte
	effort effort
	finder *finder

	chunk      int     // start of the current chunk
	matches    []match // of all its positions
	firstMatch []int32 // matches of position chunk+i are matches[firstMatch[i]:firstMatch[i+1]]

	cost    []uint32
	step    []token
	lengths [maxMatch + 1]offer
}

func newEncoder(src []byte, e effort) *encoder {
	n := min(len(src), maxStored)
	return &encoder{
		src:        src,
		effort:     e,
		finder:     newFinder(src, e),
		firstMatch: make([]int32, 0, n+1),
		cost:       make([]uint32, n+1),
		step:       make([]token, n+1),
	}
}

// findMatches lists the matches of every position of the chunk src[lo:hi].
// Positions well inside a match that is taken as it is get none.
func (e *encoder) findMatches(lo, hi int) {
	e.chunk = lo
	e.matches = e.matches[:0]
	e.firstMatch = append(e.firstMatch[:0], 0)
	skip := lo
	for i := lo; i < hi; i++ {
		if i >= skip {
			first := len(e.matches)
			e.matches = e.finder.appendMatches(e.matches, i, hi)
			for _, m := range e.matches[first:] {
				if l := int(m.length); l >= e.effort.nice {
					skip = max(skip, i+l)
				}
			}
		}
		e.finder.insert(i)
		e.firstMatch = append(e.firstMatch, int32(len(e.matches)))
	}
}

// plan returns the blocks that src[lo:hi] is best written as.
func (e *encoder) plan(lo, hi int) []*block {
	return e.split(e.bestBlock(lo, hi))
}

// split replaces a block by two, and those by more, as long as that is smaller.
func (e *encoder) split(b *block) []*block {
	k := e.splitPoint(b)
	if k == 0 {
		return []*block{b}
	}
	mid := b.lo
	for _, t := range b.tokens[:k] {
		mid += int(t.length)
	}
	left, right := e.bestBlock(b.lo, mid), e.bestBlock(mid, b.hi)
	if left.bits+right.bits >= b.bits {
		return []*block{b}
	}
	return append(e.split(left), e.split(right)...)
}

const (
	minSplit    = 32 // tokens in the smallest part looked at
	splitProbes = 9
)

// splitPoint returns the number of b's tokens after which a new block promises
// the largest gain, or 0. It looks at evenly spaced points, then more closely
// around the best of them.
func (e *encoder) splitPoint(b *block) int {
	n := len(b.tokens)
	if n < 2*minSplit {
		return 0
	}
	best, bestBits := 0, b.bits
	lo, hi := minSplit, n-minSplit
	for range 1 + e.effort.refine {
		width := max((hi-lo)/(splitProbes+1), 1)
		for k := lo; k <= hi; k += width {
			bits := tokenBits(b.tokens[:k]) + tokenBits(b.tokens[k:])
			if bits < bestBits {
				best, bestBits = k, bits
			}
		}
		if best == 0 || width == 1 {
			break
		}
		lo, hi = max(best-width, minSplit), min(best+width, n-minSplit)
	}
	return best
}

// tokenBits returns the size of a block of these tokens with the better code.
func tokenBits(tokens []token) int {
	c := countTokens(tokens)
	return min(fixedBits(c), newDynamic(c).bits)
}

// bestBlock returns the smallest single block found for src[lo:hi].
func (e *encoder) bestBlock(lo, hi int) *block {
	var p prices
	p.set(fixedBook)
	tokens := e.parse(lo, hi, &p)
	counts := countTokens(tokens)
	best := &block{kind: fixed, lo: lo, hi: hi, tokens: tokens, book: fixedBook, bits: fixedBits(counts)}
	if bits := storedWorstBits(hi - lo); bits < best.bits {
		best = &block{kind: stored, lo: lo, hi: hi, tokens: tokens, bits: bits}
	}
	last := 0
	for range 1 + e.effort.rounds {
		d := newDynamic(counts)
		if d.bits < best.bits {
			best = &block{kind: dynamic, lo: lo, hi: hi, tokens: tokens, book: d.book, header: d.header, bits: d.bits}
		}
		if d.bits == last {
			break
		}
		last = d.bits
		p.set(d.book)
		tokens = e.parse(lo, hi, &p)
		counts = countTokens(tokens)
	}
	return best
}
