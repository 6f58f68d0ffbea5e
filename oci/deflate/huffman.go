package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// codeLengths returns the code lengths of an optimal prefix code for the given
// symbol counts in which no code is longer than limit bits. A symbol that does
// not occur has length 0. At least two symbols get a code, because some
// decoders refuse a code with fewer.
//
// The method is package-merge (Larmore and Hirschberg, 1990): choosing the
// lengths is buying coins. Each symbol offers one coin per bit of length, at a
// price equal to its count; the coins of one level are merged with pairs
// ("packages") of the level below, cheapest first, and the first 2n-2 items of
// the last level are bought. A symbol's length is the number of its coins.
func codeLengths(counts []uint32, limit int) []uint8 {
	lengths := make([]uint8, len(counts))
	type leaf struct {
		count  uint32
		symbol int
	}
	leaves := make([]leaf, 0, len(counts))
	for s, c := range counts {
		if c > 0 {
			leaves = append(leaves, leaf{c, s})
		}
	}
	for s := 0; len(leaves) < 2; s++ {
		if counts[s] == 0 {
			leaves = append(leaves, leaf{0, s})
		}
	}
	slices.SortFunc(leaves, func(a, b leaf) int {
		return cmp.Or(cmp.Compare(a.count, b.count), cmp.Compare(a.symbol, b.symbol))
	})
	n := len(leaves)

	// isLeaf[level] says of each item of that level's list whether it is a
	// symbol's coin; the others are packages.
	isLeaf := make([][]bool, limit)
	all, swap := make([]bool, 0, 2*n*limit), [2][]uint32{make([]uint32, 0, 2*n), make([]uint32, 0, 2*n)}
	var below []uint32
	for level := range isLeaf {
		packages := len(below) / 2
		kinds, prices := all[len(all):], swap[level%2][:0]
		for l, p := 0, 0; l < n || p < packages; {
			if p == packages || l < n && leaves[l].count <= below[2*p]+below[2*p+1] {
				kinds = append(kinds, true)
				prices = append(prices, leaves[l].count)
				l++
			} else {
				kinds = append(kinds, false)
				prices = append(prices, below[2*p]+below[2*p+1])
				p++
			}
		}
		isLeaf[level], all = kinds, all[:len(all)+len(kinds)]
		below = prices
	}

	// Buy from the last level down: each package bought buys two items below.
	for level, buy := limit-1, 2*n-2; level >= 0; level-- {
		bought := 0
		for _, coin := range isLeaf[level][:buy] {
			if coin {
				lengths[leaves[bought].symbol]++
				bought++
			}
		}
		buy = 2 * (buy - bought)
	}
	return lengths
}

// code is one symbol's Huffman code, reversed so that its first bit is bit 0.
type code struct {
	bits uint16
	len  uint8
}

// canonicalCodes assigns codes to code lengths (RFC 1951 section 3.2.2):
// shorter codes first, and by symbol among codes of one length.
func canonicalCodes(lengths []uint8) []code {
	var next [maxBits + 2]uint16
	for _, l := range lengths {
		if l > 0 {
			next[l+1]++
		}
	}
	for l := 1; l < len(next); l++ {
		next[l] = (next[l] + next[l-1]) << 1
	}
	codes := make([]code, len(lengths))
	for s, l := range lengths {
		if l > 0 {
			codes[s] = code{bits.Reverse16(next[l]) >> (16 - l), l}
			next[l]++
		}
	}
	return codes
}
