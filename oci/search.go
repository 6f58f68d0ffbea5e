package oci

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"

	"tasm/oci/deflate"
)

// What nothing depends on is chosen so that the layer compresses best: the
// program's mode, its name where nobody gave it one, zeros behind it where the
// profile and the author let them be, and whether its type flag is
// '0' or NUL, which is a regular file too (POSIX 1003.1-1988). The header's
// checksum changes with each of them, so that its digits may or may not be the
// copy of others; that can't be foreseen, and so they go through the real encoder.

// choice is one way to write a program's header.
type choice struct {
	path     string
	mode     int64
	typeflag byte
	pad      int // zeros behind the program
}

// mostPadding is the most zeros that are tried behind a program: 8, so that the last
// octal digit of its size can be any.
const mostPadding = 8

// choose returns the path and entry of the program with the shortest layer. The
// preferred choices come first, and win a tie.
func (p Profile) choose(s *resolved, program []byte) choice {
	f, most := p.tar, 0
	if p.pad && s.MayPad {
		most = mostPadding
	}
	paths, modes := []string{s.Path}, freeModes
	if s.Path == "" {
		paths = paths[:0]
		for _, name := range freeNames {
			if p := "/" + string(name); !s.occupied(p) {
				paths = append(paths, p)
			}
		}
		for n := 0; len(paths) == 0; n++ {
			if p := fmt.Sprintf("/program%d", n); !s.occupied(p) {
				paths = append(paths, p)
			}
		}
	}
	if s.Mode != 0 {
		modes = []int64{s.Mode}
	}
	type rated struct {
		choice
		bits int
	}
	var all []rated
	for _, mode := range modes {
		for _, typeflag := range []byte{0, '0'} {
			for pad := range most + 1 {
				c := choice{paths[0], mode, typeflag, pad}
				all = append(all, rated{c, f.estimate(c, s, program)})
			}
		}
	}
	byBits := func(a, b rated) int { return cmp.Compare(a.bits, b.bits) }
	slices.SortStableFunc(all, byBits)
	all = all[:min(len(all), named)]
	for _, r := range slices.Clone(all) {
		for _, p := range paths[1:] {
			r.path = p
			r.bits = f.estimate(r.choice, s, program)
			all = append(all, r)
		}
	}
	return slices.MinFunc(all, byBits).choice
}

// named is how many of the best modes and type flags are tried with every name: a
// name gains a byte or two by the digits of the checksum, and never makes up for more.
const named = 2

// estimate returns the bits that the program's header takes in the layer. Runs of
// zeros are cut to what reaches from any field with contents to the next but the
// name, and the program is left out: they cost the same whatever is chosen.
func (f tarFormat) estimate(c choice, s *resolved, program []byte) int {
	h, err := f.header(tarEntry{name: path.Base(c.path), mode: c.mode, typeflag: c.typeflag, mtime: s.Created, size: len(program) + c.pad})
	if err != nil {
		return math.MaxInt - 1
	}
	behind := 0
	if !f.fill {
		behind = c.pad // not a part of a longer run of zeros
	}
	return behind + deflate.FixedBits(cutRuns(h, tarMtime.offset-tarMode.offset))
}

// cutRuns shortens the runs of zeros in b that are longer than most.
func cutRuns(b []byte, most int) []byte {
	var out []byte
	for len(b) > 0 {
		n := len(b) - len(bytes.TrimLeft(b, "\x00"))
		out = append(out, make([]byte, min(n, most))...)
		b = b[n:]
		if i := bytes.IndexByte(b, 0); i >= 0 {
			out, b = append(out, b[:i]...), b[i:]
		} else {
			out, b = append(out, b...), nil
		}
	}
	return out
}
