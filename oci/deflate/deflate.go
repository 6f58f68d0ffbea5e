// Package deflate writes DEFLATE streams (RFC 1951) that are as small as a
// thorough search makes them, and whose bytes depend on the input alone.
//
// An image's digest is the digest of compressed bytes, so a compressor that
// changes with the toolchain would change the name of every image. This one
// works in integers only and never changes silently: its output is part of
// the tests of package oci.
//
// How it works. The input is cut into chunks, which bound memory. For each
//
//  1. the match finder lists, for every position, the longest earlier match
//     for each of the 30 distance codes: within one code every distance costs
//     the same, so no other match can be part of a cheapest encoding (match.go);
//  2. the parser finds the cheapest way through the chunk under given code
//     lengths, as a shortest path over positions (parse.go);
//  3. the block chooser parses with the fixed codes, then with dynamic codes
//     made from the last parse until that stops helping, tries to split the
//     block in two where its statistics change, and keeps what is smallest,
//     stored bytes included (block.go).
//
// Under the fixed codes step 2 is optimal within its block: as long as the
// finder's effort limit is not reached (inputs of a few KiB, which programs
// are) no parse is shorter. Dynamic codes depend on the parse and the parse on
// the codes, so there the loop finds a good answer, not a proven one.
//
// Time is linear in the input: the effort per byte falls as inputs grow.
// Memory beside input and output does not grow with them.
package deflate

import (
	"iter"
	"runtime"
)

const (
	windowSize = 32768
	minMatch   = 3
	maxMatch   = 258
	maxStored  = 65535 // bytes in one stored block
	chunkSize  = 4 * maxStored
)

// effort says how hard to try for an input of some size.
type effort struct {
	depth  int // earlier positions looked at for each position
	rounds int // parses with dynamic codes for each block
	part   int // tokens in the smallest block that a split may make
	refine int // times a split point is searched for more closely
	nice   int // a match this long is taken as it is

	// thorough: follow both first parses, and consider matches that are no
	// longer than a nearer one, whose distance code may be cheaper.
	thorough bool
}

// effortFor spends about the same time on every small input, and a constant
// time per byte on large ones.
func effortFor(n int) effort {
	switch {
	case n <= 8<<10:
		return effort{depth: windowSize, rounds: 15, part: 32, thorough: true, refine: 8, nice: maxMatch + 1}
	case n <= 128<<10:
		return effort{depth: 512, rounds: 8, part: 32, thorough: true, refine: 4, nice: maxMatch}
	default:
		return effort{depth: 32, rounds: 1, part: 256, refine: 0, nice: 64}
	}
}

// Compress returns a DEFLATE stream for src. It is never longer than src in
// stored blocks, which is 5 bytes for each 65535 bytes begun.
func Compress(src []byte) []byte {
	var w bitWriter
	for c := range planAll(src, effortFor(len(src))) {
		c.encoder.writeChunk(&w, c.lo, c.hi, c.blocks, c.hi == len(src))
	}
	return w.bytes()
}

// chunk is a part of the input, and how it is to be written.
type chunk struct {
	encoder *encoder
	lo, hi  int
	blocks  []*block
}

// planAll plans all chunks of src, several at a time, and gives them in order. A
// chunk depends on the input alone and not on what was made of others, as a match
// reaches back at most windowSize bytes; so the result is the same for any number
// of processors.
func planAll(src []byte, e effort) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		if len(src) <= chunkSize { // which is done before another thread has begun
			yield(planChunk(src, e, 0, len(src)))
			return
		}
		workers := min(runtime.GOMAXPROCS(0), len(src)/chunkSize+1)
		pending := make(chan chan chunk, workers)
		go func() {
			defer close(pending)
			for lo := 0; ; lo += chunkSize {
				hi := min(lo+chunkSize, len(src))
				done := make(chan chunk, 1)
				pending <- done // waits while there are as many as workers
				go func() { done <- planChunk(src, e, lo, hi) }()
				if hi == len(src) {
					return
				}
			}
		}()
		for done := range pending {
			if !yield(<-done) {
				panic("deflate: a chunk is left unwritten")
			}
		}
	}
}

// planChunk plans the chunk src[lo:hi].
func planChunk(src []byte, e effort, lo, hi int) chunk {
	enc := newEncoder(src, e)
	for i := max(lo-windowSize, 0); i < lo; i++ {
		enc.finder.insert(i)
	}
	enc.findMatches(lo, hi)
	return chunk{enc, lo, hi, enc.plan(lo, hi)}
}

// writeChunk writes the cheapest blocks for src[lo:hi] at w's position.
//
// Stored blocks are always a candidate. Where they end grows with where they
// begin, so by induction over the chunks the whole stream ends no later than
// one of stored blocks only.
func (e *encoder) writeChunk(w *bitWriter, lo, hi int, blocks []*block, final bool) {
	planned := 0
	for _, b := range blocks {
		planned += b.bits
	}
	if planned > storedBits(w.bitCount(), hi-lo) {
		blocks = []*block{{kind: stored, lo: lo, hi: hi}}
	}
	for i, b := range blocks {
		e.writeBlock(w, b, final && i == len(blocks)-1)
	}
}

// FixedBits returns the length in bits of the shortest block with the fixed codes
// that src can be written as. It takes a small part of the time of Compress, and
// inputs of some hundred bytes are written so.
func FixedBits(src []byte) int {
	// Farther distances are never cheaper under the fixed codes, so that of equal
	// matches the nearest is enough.
	e := newEncoder(src, effort{depth: windowSize, nice: maxMatch + 1})
	e.findMatches(0, len(src))
	var p prices
	p.set(fixedBook)
	return fixedBits(countTokens(e.parse(0, len(src), &p)))
}
