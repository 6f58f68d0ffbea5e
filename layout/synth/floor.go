package synth

import (
	"slices"

	"tasm/layout/elf"
)

// fits lists the offsets at which a blob agrees with the bytes that are known to
// be there. Zeros at its end may lie behind the end of the file.
func (s *site) fits(blob []byte, size int) []int {
	var list []int
	for at := 0; at < size || at == 0; at++ {
		if s.agrees(blob, at, size) {
			list = append(list, at)
		}
	}
	return list
}

func (s *site) agrees(blob []byte, at, size int) bool {
	for j, b := range blob {
		p := at + j
		switch {
		case p >= size && b != 0:
			return false
		case p < len(s.known) && (b^s.value[p])&s.known[p] != 0:
			return false
		}
	}
	return true
}

// arrangements lists ways to lay all blobs into the file so that they agree with
// the headers and with each other, those first that leave the open bytes in
// front. At most limit are returned; all tells whether those are all.
func (s *site) arrangements(blobs [][]byte, size, limit int) (list [][]int, all bool) {
	bytes := make([]int, max(size, len(s.known))+elf.PageSize)
	for i := range bytes {
		bytes[i] = -1
	}
	at := make([]int, len(blobs))
	all = true
	steps := 0
	var lay func(i int)
	lay = func(i int) {
		if len(list) >= limit || steps > 64*limit {
			all = false
			return
		}
		if i == len(blobs) {
			list = append(list, slices.Clone(at))
			return
		}
		fits := s.fits(blobs[i], size)
		for _, p := range slices.Backward(fits) {
			steps++
			var set []int
			ok := true
			for j, b := range blobs[i] {
				q := p + j
				if bytes[q] >= 0 && bytes[q] != int(b) {
					ok = false
					break
				}
				if bytes[q] < 0 {
					bytes[q] = int(b)
					set = append(set, q)
				}
			}
			if ok {
				at[i] = p
				lay(i + 1)
			}
			for _, q := range set {
				bytes[q] = -1
			}
		}
	}
	lay(0)
	return list, all
}
