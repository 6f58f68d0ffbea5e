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

	cost []uint32
	step []token
}

func newEncoder(src []byte, e effort) *encoder {
	n := min(len(src), chunkSize)
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

// plan returns the blocks that src[lo:hi] is best written as: one, or several
// cut where the statistics of the one's tokens change.
func (e *encoder) plan(lo, hi int) []*block {
	if !e.effort.thorough {
		return e.quickPlan(lo, hi)
	}
	whole := e.bestBlock(lo, hi)
	parts := e.split(whole.tokens)
	if len(parts) == 1 {
		return []*block{whole}
	}
	var blocks []*block
	bits, from := 0, lo
	for _, tokens := range parts {
		to := from
		for _, t := range tokens {
			to += int(t.length)
		}
		b := e.bestBlock(from, to)
		blocks = append(blocks, b)
		bits += b.bits
		from = to
	}
	if bits < whole.bits {
		return blocks
	}
	return []*block{whole}
}

// quickPlan is plan with two parses of each byte: under the fixed codes, which tells
// where to cut, and under those of the block that this parse gives.
func (e *encoder) quickPlan(lo, hi int) []*block {
	var p prices
	p.set(fixedBook)
	var blocks []*block
	from := lo
	for _, tokens := range e.split(e.parse(lo, hi, &p)) {
		to := from
		for _, t := range tokens {
			to += int(t.length)
		}
		best := &block{kind: fixed, lo: from, hi: to, tokens: tokens, book: fixedBook, bits: fixedBits(countTokens(tokens))}
		if bits := storedWorstBits(to - from); bits < best.bits {
			best = &block{kind: stored, lo: from, hi: to, tokens: tokens, bits: bits}
		}
		blocks = append(blocks, e.improve(best, newDynamic(from, to, tokens)))
		from = to
	}
	return blocks
}

// split cuts tokens in two where that promises the largest gain, then each
// part in the same way, until nothing is gained.
func (e *encoder) split(tokens []token) [][]token {
	k := e.splitPoint(tokens)
	if k == 0 {
		return [][]token{tokens}
	}
	return append(e.split(tokens[:k]), e.split(tokens[k:])...)
}

const splitProbes = 9

// splitPoint returns the number of tokens after which a new block promises the
// largest gain, or 0. It looks at evenly spaced points, then more closely
// around the best of them.
func (e *encoder) splitPoint(tokens []token) int {
	n := len(tokens)
	if n < 2*e.effort.part {
		return 0
	}
	best, bestBits := 0, tokenBits(tokens)
	lo, hi := e.effort.part, n-e.effort.part
	for range 1 + e.effort.refine {
		width := max((hi-lo)/(splitProbes+1), 1)
		for k := lo; k <= hi; k += width {
			bits := tokenBits(tokens[:k]) + tokenBits(tokens[k:])
			if bits < bestBits {
				best, bestBits = k, bits
			}
		}
		if best == 0 || width == 1 {
			break
		}
		lo, hi = max(best-width, e.effort.part), min(best+width, n-e.effort.part)
	}
	return best
}

// tokenBits estimates the size of a block of these tokens, from above.
func tokenBits(tokens []token) int {
	c := countTokens(tokens)
	book := c.bestBook()
	return min(fixedBits(c), typeBits+plainHeader(book).bits+c.bodyBits(book))
}

// bestBlock returns the smallest single block found for src[lo:hi].
//
// Dynamic codes and parse are improved in turn, from two beginnings: the parse
// that is best under the fixed codes, which is rich in matches, and literals
// alone. With little effort only the more promising one is followed.
func (e *encoder) bestBlock(lo, hi int) *block {
	var p prices
	p.set(fixedBook)
	parsed := e.parse(lo, hi, &p)
	best := &block{kind: fixed, lo: lo, hi: hi, tokens: parsed, book: fixedBook, bits: fixedBits(countTokens(parsed))}
	if bits := storedWorstBits(hi - lo); bits < best.bits {
		best = &block{kind: stored, lo: lo, hi: hi, tokens: parsed, bits: bits}
	}
	first := newDynamic(lo, hi, parsed)
	second := newDynamic(lo, hi, literals(e.src[lo:hi]))
	if second.bits < first.bits {
		first, second = second, first
	}
	best = e.improve(best, first)
	if e.effort.thorough {
		best = e.improve(best, second)
	}
	return best
}

// hopeless is how many quarters of the best block so far a block may have, and
// still be improved: no parse makes up for more.
const hopeless = 5

// distant is how many times what a parse has gained a dynamic block may be behind the
// fixed codes, and still be improved: the gains get smaller with each parse.
const distant = 2

// improve parses with the codes of a dynamic block, makes codes for that parse,
// and so on, and returns the smallest of these blocks and best.
func (e *encoder) improve(best, b *block) *block {
	var p prices
	for range e.effort.rounds {
		if b.bits < best.bits {
			best = b
		}
		p.set(b.book)
		next := newDynamic(b.lo, b.hi, e.parse(b.lo, b.hi, &p))
		gain := b.bits - next.bits
		if gain == 0 || next.bits > best.bits*hopeless/4 {
			break
		}
		if b = next; best.kind == fixed && b.bits-best.bits > distant*max(gain, -gain) {
			break
		}
	}
	if b.bits < best.bits {
		best = b
	}
	return best
}

func literals(src []byte) []token {
	tokens := make([]token, len(src))
	for i, c := range src {
		tokens[i] = token{length: 1, literal: c}
	}
	return tokens
}

// newDynamic returns the block that writes tokens with codes of their own.
func newDynamic(lo, hi int, tokens []token) *block {
	c := countTokens(tokens)
	book := c.bestBook()
	h := newHeader(book)
	return &block{
		kind: dynamic, lo: lo, hi: hi, tokens: tokens, book: book, header: h,
		bits: typeBits + h.bits + c.bodyBits(book),
	}
}
