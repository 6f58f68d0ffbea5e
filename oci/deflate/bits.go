package deflate

// bitWriter collects bits, the first in the lowest bit of the first byte
// (RFC 1951 section 3.1.1).
type bitWriter struct {
	out   []byte
	acc   uint64
	count uint // bits in acc, below 8 between calls
}

// write appends the low n bits of v. n is at most 32.
func (w *bitWriter) write(v uint32, n uint) {
	w.acc |= uint64(v) << w.count
	w.count += n
	for w.count >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.count -= 8
	}
}

// align fills up the byte begun with zero bits.
func (w *bitWriter) align() {
	if w.count > 0 {
		w.write(0, 8-w.count)
	}
}

func (w *bitWriter) bitCount() int { return len(w.out)*8 + int(w.count) }

func (w *bitWriter) bytes() []byte {
	w.align()
	return w.out
}
