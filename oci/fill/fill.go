// Package fill gives bytes of a program on which nothing depends the values with which
// it compresses best: what an image weighs on the wire is a compressed layer.
package fill

import (
	"bytes"
	"slices"

	"tasm/oci/deflate"
)

// Free are bytes of a program on which nothing depends.
type Free struct {
	Offsets []int // ascending
	// Allowed reports whether the program may have such bytes.
	Allowed func(program []byte) bool
}

const (
	// maxFilled is how much of a program is looked at, in bytes: headers lie at its
	// beginning, and what is small is copied from near by.
	maxFilled = 512
	// shortestMatch is the length of the shortest copy in a deflate stream (RFC 1951).
	shortestMatch = 3
)

// Fill returns the program with the values in its free bytes with which it compresses
// best: those of bytes before or behind, where that makes a copy of three bytes or more together
// with their neighbours.
func (f *Free) Fill(program []byte) []byte {
	if len(f.Offsets) == 0 {
		return program
	}
	program = slices.Clone(program)
	head := program[:min(len(program), maxFilled)]
	best := deflate.FixedBits(head)
	for better := true; better; {
		better = false
		for _, run := range f.runs(len(head)) {
			for _, candidate := range copies(head, run[0], run[1]) {
				old := bytes.Clone(head[run[0]:run[1]])
				copy(head[run[0]:], candidate)
				if n := deflate.FixedBits(head); n < best && f.Allowed(program) {
					best, better = n, true
				} else {
					copy(head[run[0]:], old)
				}
			}
		}
	}
	return program
}

// runs lists the runs of free bytes below an offset, and what each begins and ends
// with: where that begins and ends.
func (f *Free) runs(end int) (list [][2]int) {
	for i := 0; i < len(f.Offsets) && f.Offsets[i] < end; {
		j := i + 1
		for j < len(f.Offsets) && f.Offsets[j] == f.Offsets[j-1]+1 && f.Offsets[j] < end {
			j++
		}
		low, high := f.Offsets[i], f.Offsets[j-1]+1
		list = append(list, [2]int{low, high})
		for middle := low + 1; middle < high; middle++ {
			list = append(list, [2]int{low, middle}, [2]int{middle, high})
		}
		i = j
	}
	return list
}

// mostCopies is how many of the longest copies are tried for a run.
const mostCopies = 4

// copies lists what the bytes of b from low to high can be so that they are, with their
// neighbours, a copy of what lies at some distance, the longest copies first.
func copies(b []byte, low, high int) [][]byte {
	type rated struct {
		bytes  []byte
		length int
	}
	var list []rated
	n := high - low
	for from := range len(b) - n + 1 {
		if from > low-n && from < high { // it overlaps
			continue
		}
		c := rated{b[from : from+n], n}
		for i := 1; low >= i && from >= i && b[low-i] == b[from-i]; i++ {
			c.length++
		}
		for i := 0; high+i < len(b) && from+n+i < len(b) && b[high+i] == b[from+n+i]; i++ {
			c.length++
		}
		same := func(o rated) bool { return bytes.Equal(o.bytes, c.bytes) }
		if c.length >= shortestMatch && !bytes.Equal(c.bytes, b[low:high]) && !slices.ContainsFunc(list, same) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b rated) int { return b.length - a.length })
	var out [][]byte
	for _, c := range list[:min(len(list), mostCopies)] {
		out = append(out, bytes.Clone(c.bytes))
	}
	return out
}
