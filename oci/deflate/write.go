package deflate

// symbolCounts says how often a block uses each symbol.
type symbolCounts struct {
	litLen [numLitLen]uint32
	dist   [numDist]uint32
	extra  int // extra bits in all
}

func countTokens(tokens []token) *symbolCounts {
	c := &symbolCounts{}
	c.litLen[endOfBlock] = 1
	for _, t := range tokens {
		if t.dist == 0 {
			c.litLen[t.literal]++
			continue
		}
		l, d := lengthIndex[t.length], distIndex(int(t.dist))
		c.litLen[firstLength+int(l)]++
		c.dist[d]++
		c.extra += int(lengthRuns[l].extra + distRuns[d].extra)
	}
	return c
}

// bodyBits returns the size of a block's tokens and end mark under a code.
func (c *symbolCounts) bodyBits(b *codeBook) int {
	n := c.extra
	for s, count := range c.litLen {
		n += int(count) * int(b.litLen[s])
	}
	for s, count := range c.dist {
		n += int(count) * int(b.dist[s])
	}
	return n
}

const typeBits = 3 // BFINAL and BTYPE

func fixedBits(c *symbolCounts) int { return typeBits + c.bodyBits(fixedBook) }

// storedBits returns the size of n bytes in stored blocks that begin at a bit
// offset. Each has its type, padding, length and the length's complement.
func storedBits(offset, n int) int {
	pad := -(offset + typeBits) & 7
	return typeBits + pad + 32 + 8*n + 40*(storedBlocks(n)-1)
}

func storedWorstBits(n int) int { return storedBits(8-typeBits+1, n) }

func storedBlocks(n int) int { return max(1, (n+maxStored-1)/maxStored) }

// bestBook returns the codes that make the body smallest.
func (c *symbolCounts) bestBook() *codeBook {
	return &codeBook{codeLengths(c.litLen[:], maxBits), codeLengths(c.dist[:], maxBits)}
}

// header is the description of a dynamic block's code (RFC 1951 section 3.2.7).
type header struct {
	litLens, dists int          // code lengths sent of each alphabet
	symbols        []codeSymbol // those lengths, run-length coded
	lengths        []uint8      // code lengths of the code that symbols are sent in
	sent           int          // how many of them are sent, in codeLengthOrder
	bits           int
}

// codeSymbol is a symbol of the code length alphabet with its extra bits.
type codeSymbol struct {
	symbol uint8
	extra  uint8
}

// The three symbols of the code length alphabet that stand for runs.
const (
	repeatLast = 16 // the last length, 3..6 times
	zerosShort = 17 // length 0, 3..10 times
	zerosLong  = 18 // length 0, 11..138 times
)

var codeSymbolExtra = [numCodeLen]uint{repeatLast: 2, zerosShort: 3, zerosLong: 7}

// codeLengthOrder is the order in which a header lists the code lengths of the
// code length alphabet: the likely zeros last.
var codeLengthOrder = [numCodeLen]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// newHeader returns the smallest header for a code. Which run symbols pay
// depends on the code that the runs themselves lead to, so all eight choices
// are tried.
func newHeader(b *codeBook) *header {
	best := plainHeader(b)
	for use := range useAll {
		if h := headerWith(b, use); h.bits < best.bits {
			best = h
		}
	}
	return best
}

// plainHeader returns a header that uses every run symbol where it can.
func plainHeader(b *codeBook) *header { return headerWith(b, useAll) }

func headerWith(b *codeBook, use runSymbols) *header {
	h := &header{litLens: usedLengths(b.litLen, 257), dists: usedLengths(b.dist, 1)}
	lengths := append(b.litLen[:h.litLens:h.litLens], b.dist[:h.dists]...)
	h.symbols = runLengthCode(lengths, use)
	h.measure()
	return h
}

// usedLengths returns the number of code lengths up to the last that is not 0.
func usedLengths(lengths []uint8, least int) int {
	n := len(lengths)
	for n > least && lengths[n-1] == 0 {
		n--
	}
	return n
}

// measure makes the code for h.symbols and adds up the header's bits.
func (h *header) measure() {
	var counts [numCodeLen]uint32
	for _, s := range h.symbols {
		counts[s.symbol]++
	}
	h.lengths = codeLengths(counts[:], 7)
	h.sent = numCodeLen
	for h.sent > 4 && h.lengths[codeLengthOrder[h.sent-1]] == 0 {
		h.sent--
	}
	h.bits = 5 + 5 + 4 + 3*h.sent
	for s, count := range counts {
		h.bits += int(count) * (int(h.lengths[s]) + int(codeSymbolExtra[s]))
	}
}

// runSymbols is a set of the symbols for runs.
type runSymbols uint8

const (
	useRepeat runSymbols = 1 << iota
	useZerosShort
	useZerosLong

	useAll = useRepeat | useZerosShort | useZerosLong
)

// runLengthCode writes code lengths in the code length alphabet, with the run
// symbols that use allows.
func runLengthCode(lengths []uint8, use runSymbols) []codeSymbol {
	var out []codeSymbol
	for i := 0; i < len(lengths); {
		l := lengths[i]
		n := 1
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l == 0 {
			if use&useZerosLong != 0 {
				for ; n >= 11; n -= min(n, 138) {
					out = append(out, codeSymbol{zerosLong, uint8(min(n, 138) - 11)})
				}
			}
			if use&useZerosShort != 0 {
				for ; n >= 3; n -= min(n, 10) {
					out = append(out, codeSymbol{zerosShort, uint8(min(n, 10) - 3)})
				}
			}
		} else if use&useRepeat != 0 && n > 3 {
			out = append(out, codeSymbol{symbol: l})
			for n--; n >= 3; n -= min(n, 6) {
				out = append(out, codeSymbol{repeatLast, uint8(min(n, 6) - 3)})
			}
		}
		for ; n > 0; n-- {
			out = append(out, codeSymbol{symbol: l})
		}
	}
	return out
}

// writeBlock writes b at w's position.
func (e *encoder) writeBlock(w *bitWriter, b *block, final bool) {
	if b.kind == stored {
		writeStored(w, e.src[b.lo:b.hi], final)
		return
	}
	w.writeType(b.kind, final)
	if b.header != nil {
		b.header.write(w)
	}
	litLen, dist := canonicalCodes(b.book.litLen), canonicalCodes(b.book.dist)
	put := func(c code) { w.write(uint32(c.bits), uint(c.len)) }
	for _, t := range b.tokens {
		if t.dist == 0 {
			put(litLen[t.literal])
			continue
		}
		l, d := lengthIndex[t.length], distIndex(int(t.dist))
		put(litLen[firstLength+int(l)])
		w.write(uint32(int(t.length)-lengthRuns[l].base), lengthRuns[l].extra)
		put(dist[d])
		w.write(uint32(int(t.dist)-distRuns[d].base), distRuns[d].extra)
	}
	put(litLen[endOfBlock])
}

func (h *header) write(w *bitWriter) {
	w.write(uint32(h.litLens-257), 5)
	w.write(uint32(h.dists-1), 5)
	w.write(uint32(h.sent-4), 4)
	for _, s := range codeLengthOrder[:h.sent] {
		w.write(uint32(h.lengths[s]), 3)
	}
	codes := canonicalCodes(h.lengths)
	for _, s := range h.symbols {
		w.write(uint32(codes[s.symbol].bits), uint(codes[s.symbol].len))
		w.write(uint32(s.extra), codeSymbolExtra[s.symbol])
	}
}

func writeStored(w *bitWriter, src []byte, final bool) {
	for {
		n := min(len(src), maxStored)
		w.writeType(stored, final && n == len(src))
		w.align()
		w.write(uint32(n), 16)
		w.write(^uint32(n)&0xffff, 16)
		w.out = append(w.out, src[:n]...)
		src = src[n:]
		if len(src) == 0 {
			return
		}
	}
}

func (w *bitWriter) writeType(k kind, final bool) {
	last := uint32(0)
	if final {
		last = 1
	}
	w.write(last|uint32(k)<<1, typeBits)
}
