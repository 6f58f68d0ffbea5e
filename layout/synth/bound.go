package synth

import (
	"bytes"
	"cmp"
	"slices"

	"tasm/layout/elf"
	"tasm/linux"
)

// Floor returns a size in bytes below which no file with one program header that the
// loader takes holds all data, each in one piece, whatever its code. No piece is part of
// another, and none ends with zeros.
func Floor(abi *linux.ABI, data [][]byte, o Options) int64 {
	o.complete()
	s := newSearch(&Plan{ABI: abi}, o)
	if len(data) > mostPieces {
		data = slices.SortedFunc(slices.Values(data), func(a, b []byte) int { return len(b) - len(a) })[:mostPieces]
	}
	size := s.least(data)
	for size < elf.PageSize && !s.holds(data, size) {
		size++
	}
	return size
}

// least is a part of Floor that takes little time: it looks at each placement of the
// header in a large file. Beyond a page headers are less restricted: then only the data
// count.
func (s *search) least(data [][]byte) int64 {
	least := int64(elf.PageSize)
	for _, p := range elf.Placements(s.class, elf.PageSize) {
		if site := s.surveyed(p); site != nil {
			least = min(least, max(p.Phoff+int64(s.class.Size(elf.ProgramHeader)), site.least(data)))
		}
	}
	if least >= elf.PageSize {
		return int64(joined(data))
	}
	return least
}

// holds reports whether data of a file of a size may agree with the headers and with
// each other.
func (s *search) holds(data [][]byte, size int64) bool {
	for _, p := range elf.Placements(s.class, size) {
		if site := s.surveyed(p); site != nil {
			if list, all := site.arrangements(data, int(size), arrangeFloor); len(list) > 0 || !all {
				return true
			}
		}
	}
	return s.gaveUp
}

// surveyed returns the site of a placement; nil if there is no such file.
func (s *search) surveyed(p elf.Placement) *site {
	site := s.site(p)
	if site == nil {
		return nil
	}
	if site.once.Do(site.survey); site.classes == nil {
		return nil
	}
	return site
}

// least returns a size that a file with data on this site has at least: from the first
// place on where the headers leave room for some of them, these follow each other.
func (s *site) least(data [][]byte) int64 {
	type piece struct {
		first int
		data  []byte
	}
	var pieces []piece
	headers := len(s.classes.Bytes)
	for _, b := range data {
		at := 0
		for !s.agrees(b[:min(len(b), headers)], at, elf.PageSize) {
			at++
		}
		pieces = append(pieces, piece{at, b})
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(b.first, a.first) })
	least := 0
	var behind [][]byte
	for i, p := range pieces {
		behind = append(behind, p.data)
		if i+1 == len(pieces) || pieces[i+1].first != p.first {
			least = max(least, p.first+joined(behind))
		}
	}
	return int64(least)
}

// joined returns a length that bytes have at least in which all data lie. Of pieces of
// which none is part of another each overlaps the one before it at most.
func joined(data [][]byte) int {
	sum, least := 0, 0
	for i, b := range data {
		most := 0
		for j, before := range data {
			if i != j {
				most = max(most, overlap(before, b))
			}
		}
		if sum += len(b) - most; i == 0 || most < least {
			least = most
		}
	}
	return sum + least
}

// overlap returns how many bytes at the end of one piece may begin another.
func overlap(before, data []byte) int {
	n := min(len(before), len(data)) - 1
	for n > 0 && !bytes.HasSuffix(before, data[:n]) {
		n--
	}
	return max(n, 0)
}
