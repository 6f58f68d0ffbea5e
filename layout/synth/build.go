package synth

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"tasm/layout/elf"
)

// build is a blob that does not lie in the file: the program puts it together on
// the stack, word by word.
type build struct {
	blob  int   // its index in Plan.Blobs
	stack int64 // where it begins: the stack pointer at entry plus so many bytes
	words []int // by word: the file offset that it is read from; immediate for none
	room  room
}

// immediate stands for the offset of a word that is a number in an instruction.
const immediate = -1

// Of the arrangements of the other blobs, or of buildsMost where words lie in the
// file too, the buildsKept are tried that leave most room for code.
const buildsMost, buildsKept = 1 << 11, 1 << 2

// immediateSize is the size in bytes of the longest number that PUSH takes.
const immediateSize = 4

// mostWords is how many words of the stack a message may take that is put
// together there: each takes an instruction of its own.
var mostWords = map[int]int{4: 2, 8: 3}

// chunks cuts a blob into words of the stack, of ptr bytes; the last one may be
// shorter.
func chunks(blob []byte, ptr int) [][]byte {
	var list [][]byte
	for ; len(blob) > ptr; blob = blob[ptr:] {
		list = append(list, blob[:ptr])
	}
	return append(list, blob)
}

// builds reports whether one of the blobs can be put together on the stack.
func (p *Plan) builds() bool {
	return slices.ContainsFunc(p.Blobs, p.buildable)
}

func (p *Plan) buildable(blob []byte) bool {
	ptr := p.ABI.PointerSize
	return len(blob) > 0 && len(chunks(blob, ptr)) <= mostWords[ptr]
}

// asNumber returns a word as a number that PUSH can take as its immediate, with
// zeros behind its bytes.
func asNumber(chunk []byte, ptr int) (val, bool) {
	var b [8]byte
	copy(b[:], chunk)
	n := binary.LittleEndian.Uint64(b[:])
	return num(n, ptr), ptr == 4 || n < 1<<31
}

// hold is a word that the stack has to hold at a call.
type hold struct {
	at  int64 // the stack pointer at entry plus so many bytes
	val val
	// Of a number that need not be more than the beginning of a word: so many bytes,
	// and what a PUSH of it leaves whose other bytes stay open. Else 0.
	bytes    int
	dontCare val
}

// holds lists the words of a build.
func (b *build) holds(p *Plan) []hold {
	var list []hold
	ptr := p.ABI.PointerSize
	for i, chunk := range chunks(p.Blobs[b.blob], ptr) {
		h := hold{at: b.stack + int64(i*ptr), val: of(piece, int64(b.words[i]))}
		if b.words[i] == immediate {
			h.val, _ = asNumber(chunk, ptr)
			if len(chunk) < immediateSize {
				h.bytes, h.dontCare = len(chunk), of(piece, int64(immediate-1-i))
			}
		}
		list = append(list, h)
	}
	return list
}

// builds lists the ways to put blob i together on the stack while the other blobs
// lie in the file, and where those lie, those first that leave most room for code. A
// program may take a word that is known from the stack before. Unless every is asked
// for, few are kept; all tells whether those are all.
func (s *site) builds(p *Plan, i, size int, every bool) (builds []*build, blobs [][]int, all bool) {
	ptr := p.ABI.PointerSize
	list := chunks(p.Blobs[i], ptr)
	if !p.buildable(p.Blobs[i]) {
		return nil, nil, true
	}
	var inFile [][]byte
	for j, b := range p.Blobs {
		if j != i {
			inFile = append(inFile, b)
		}
	}
	most := arrangeMost
	for _, c := range list {
		if _, ok := asNumber(c, ptr); !ok {
			inFile, most = append(inFile, c), buildsMost
		}
	}
	type arrangement struct {
		places []int
		room   room
	}
	var arrangements []arrangement
	if every {
		most = arrangeAll
	}
	places, all := s.arrangements(inFile, size, most)
	for _, places := range places {
		arrangements = append(arrangements, arrangement{places, s.room(inFile, places, size)})
	}
	slices.SortStableFunc(arrangements, func(a, b arrangement) int { return b.room.compare(a.room) })
	// What PUSH ESP kept before as many words were popped is where the message lies.
	before := []int{0, len(list)}
	if _, ok := p.Words[0]; ok {
		before = []int{1, 0}
	}
	kept := 0
	for _, arrangement := range arrangements {
		places := arrangement.places
		if kept == buildsKept && !every {
			all = false
			break
		}
		if !s.admits(inFile, places, size) {
			continue
		}
		kept++
		at := make([]int, len(p.Blobs))
		for j := range at {
			if j != i {
				at[j], places = places[0], places[1:]
			}
		}
		words := make([]int, len(list))
		for j, c := range list {
			words[j] = immediate
			if _, ok := asNumber(c, ptr); !ok {
				words[j], places = places[0], places[1:]
			}
		}
		for _, n := range before {
			builds = append(builds, &build{blob: i, stack: int64(ptr * (n - len(list))), words: words, room: arrangement.room})
			blobs = append(blobs, at)
		}
	}
	return builds, blobs, all
}

// String says where the message begins and where its words come from.
func (b *build) String() string {
	text := fmt.Sprintf("%+d", b.stack)
	for _, at := range b.words {
		if at == immediate {
			text += " by number"
		} else {
			text += fmt.Sprintf(" by %d", at)
		}
	}
	return text
}

// room is how much of a file is left for code.
type room struct {
	bytes   int // open ones, without what jumps between their runs take
	longest int // run of open bytes
}

func (r room) compare(o room) int {
	return cmp.Or(cmp.Compare(r.bytes, o.bytes), cmp.Compare(r.longest, o.longest))
}

// room measures a file in which blobs lie at some places.
func (s *site) room(blobs [][]byte, places []int, size int) room {
	taken := make([]bool, size)
	for i, b := range blobs {
		for p := places[i]; p < min(places[i]+len(b), size); p++ {
			taken[p] = true
		}
	}
	var r room
	run := 0
	for p := 0; p <= size; p++ {
		if p < size && !taken[p] && (p >= len(s.known) || s.known[p] == 0) {
			run++
			continue
		}
		r.bytes += max(run-jumpSize, 0)
		r.longest = max(r.longest, run)
		run = 0
	}
	return r
}

// admits reports whether a loader may take a file in which blobs lie at some
// places.
func (s *site) admits(blobs [][]byte, places []int, size int) bool {
	n := max(size, len(s.known))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scratch = append(s.scratch[:0], make([]byte, 2*n)...)
	known, value := s.scratch[:n], s.scratch[n:]
	copy(known, s.known)
	copy(value, s.value)
	for i, b := range blobs {
		for j, x := range b[:min(len(b), n-places[i])] {
			known[places[i]+j], value[places[i]+j] = 0xff, x
		}
	}
	return s.Try(func(m *elf.Model) bool { return m.SetBytes(known, value) })
}
