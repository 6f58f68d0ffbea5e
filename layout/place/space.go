package place

import (
	"fmt"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/layout/elf"
)

// space is what one placement of the program header leaves of a file.
type space struct {
	*elf.Tape
	text   *text
	kinds  []elf.Kind // of the header bytes
	partly []bool     // of those with bounds, some bits have only one value
	tail   int        // from here on everything is free
	tails  [3]int     // what tail is for each of usables
	fixed  int        // how many bytes have only one value
	least  int        // size of the smallest file, in bytes
	known  map[string][]bridge
	begun  map[int]*headers // by where the program begins
	trying *headers         // for the entry that is being tried
	sizes  map[int]int      // of the smallest file so far, by where the program begins
}

// headers are the headers when the program begins at a certain offset.
type headers struct {
	*elf.Tape
	agree map[[2]byte]bool // what sizesAgree has found out
}

// headersFor finds out what is known of the headers of a file that begins at an
// entry; nil if there is none.
func (s *space) headersFor(entry int) *headers {
	h, found := s.begun[entry]
	if found {
		return h
	}
	if tape := s.From(entry); tape != nil {
		h = &headers{tape, map[[2]byte]bool{}}
	}
	s.begun[entry] = h
	return h
}

// sizeBytes are the offsets of the highest bytes of p_filesz and p_memsz.
func (s *space) sizeBytes() (filesz, memsz int) {
	last := func(id elf.FieldID) int {
		offset, size := elf.Fields[id].At(s.Placement.Class)
		return int(s.Placement.Phoff) + offset + size - 1
	}
	return last(elf.PFilesz), last(elf.PMemsz)
}

// sizesAgree reports whether code may put these into the highest bytes of
// p_filesz and p_memsz. Of all rules for headers this one ties bytes that code is
// most often laid over, without making them equal.
func (s *space) sizesAgree(filesz, memsz byte) bool {
	h := s.trying
	key := [2]byte{filesz, memsz}
	answer, known := h.agree[key]
	if !known {
		first, second := s.sizeBytes()
		answer = h.Try(func(m *elf.Model) bool {
			return m.Set(first, 0xff, filesz) && m.Set(second, 0xff, memsz) && m.Feasible()
		})
		h.agree[key] = answer
	}
	return answer
}

// sized reports whether an instruction holds bytes of the headers that have to
// be the size of the file, of which what is known before the end is not true.
func (s *space) sized(l link) bool {
	offset, size := elf.Fields[elf.PFilesz].At(s.Placement.Class)
	first := int(s.Placement.Phoff) + offset
	return s.text.zeros > 0 && l.at < first+size && first < l.at+l.length
}

// newSpace measures a placement; nil where no file can have it.
func newSpace(pl elf.Placement, t *text, l *elf.Loader) *space {
	tape, _ := elf.NewTape(pl, l)
	if tape == nil {
		return nil
	}
	s := &space{Tape: tape, sizes: map[int]int{}, known: map[string][]bridge{}, begun: map[int]*headers{}, text: t}
	for at, known := range tape.Known {
		if known == 0xff {
			s.fixed, s.tail = s.fixed+1, at+1
		}
	}
	if !s.startsFree() {
		return nil
	}
	return s
}

// startsFree reports whether a file can begin where bytes can be chosen.
func (s *space) startsFree() bool {
	for at := range s.tail + 1 {
		if (at == s.tail || s.Known[at] == 0) && s.Try(func(m *elf.Model) bool { return m.SetEntry(int64(at)) && m.Feasible() }) {
			return true
		}
	}
	return false
}

// noBetterThan reports whether o has as many bytes to offer, in headers that
// end no later.
func (s *space) noBetterThan(o *space) bool { return o.tail <= s.tail && o.fixed <= s.fixed }

// examine finds out what every byte of the headers can be. It reports false
// where there is no such file after all.
func (s *space) examine() bool {
	classes := s.Classes()
	if classes == nil {
		return false
	}
	s.least = int(classes.MinSize())
	entry, size := elf.Fields[elf.EEntry].At(s.Placement.Class)
	for i, b := range classes.Bytes {
		k := b.Kind()
		partly := k == elf.Bounded && b.Fixed != 0
		if partly || k != elf.Fixed && i >= entry && i < entry+size {
			// Where the program begins ties e_entry.
			k = elf.Tied
		}
		s.kinds, s.partly = append(s.kinds, k), append(s.partly, partly)
		if k != elf.Free && k != elf.Bounded {
			s.tails[orBounded] = i + 1
		}
		if k != elf.Free {
			s.tails[freeOnly] = i + 1
		}
	}
	s.tails[orTied] = s.tails[orBounded]
	s.tail = s.tails[orTied]
	return true
}

// take makes the headers end where they do with some bytes usable: those that are bounded
// belong to them only where code may not use those.
func (s *space) take(l usable) {
	if s.tail != s.tails[l] {
		s.tail = s.tails[l]
		clear(s.known)
	}
}

// demanding adds what the program asks of its segment to what the loader asks.
func demanding(l *elf.Loader, t *text) *elf.Loader {
	return l.For(elf.Needs{Read: t.reads, Write: t.write, Low: t.absolute && t.graph.Bits == 64, Zeros: t.zeros, Size: t.size})
}

// usable says which bytes of the headers code may use.
type usable uint8

const (
	freeOnly  usable = iota // only those for which any value will do
	orBounded               // those too on which a bound lies that other bytes may satisfy
	orTied                  // and those of which bits are fixed, and those of e_entry, to which only bytes of p_vaddr and p_memsz have to agree
)

// usables are tried in this order.
var usables = []usable{orTied, orBounded, freeOnly}

// free reports whether the byte at an offset can hold code.
func (s *space) free(at int, l usable) bool {
	if at >= s.tail || s.kinds[at] == elf.Free || l >= orBounded && s.kinds[at] == elf.Bounded {
		return true
	}
	return l >= orTied && (s.partly[at] || s.inEntry(at)) && s.trying.Known[at] != 0xff
}

// whole reports whether every value of the byte at an offset can hold code, as far
// as that byte alone is concerned.
func (s *space) whole(at int, l usable) bool {
	return s.free(at, l) && (at >= s.tail || !s.partly[at])
}

// inEntry reports whether a byte belongs to e_entry.
func (s *space) inEntry(at int) bool {
	first, size := elf.Fields[elf.EEntry].At(s.Placement.Class)
	return at >= first && at < first+size
}

// runs lists where runs of free bytes begin in the headers, and the tail.
func (s *space) runs(l usable) []int {
	var list []int
	for at := range s.tail {
		if s.free(at, l) && (at == 0 || !s.free(at-1, l) || s.whole(at, l) && !s.whole(at-1, l)) {
			list = append(list, at)
		}
	}
	return append(list, s.tail)
}

// entries lists where the program may begin.
func (s *space) entries() []int { return s.runs(orBounded) }

// bridge is a way through bytes that are not free.
type bridge struct {
	to       int
	assigned []assigned
	changes  flow.Set
	flags    x86.FlagSet
	carry    bool // CF must be clear in front of it
	links    []link
	reads    flow.Set
	code     string // the bytes of its instructions
}

type assigned struct {
	at    int
	value byte
}

// link is an instruction of a bridge.
type link struct{ at, length int }

// openers are the opcodes without ModRM that may stand in a byte that can be
// chosen: they swallow up to four bytes and touch no memory.
var openers = []byte{
	0x90, 0xa8, 0xa9, 0x3c, 0x3d, 0xb8, 0xb9, 0xba, 0xbb, 0xbd, 0xbe, 0xbf, 0xb0, 0xb1, 0xb2, 0xb3,
	0x04, 0x05, 0x0c, 0x0d, 0x24, 0x25, 0x2c, 0x2d, 0x34, 0x35,
}

// longestOpener is the length of the longest of openers' instructions, in bytes.
const longestOpener = 5

// finder looks for bridges from one position.
type finder struct {
	space *space
	from  int
	// walls counts, by position, the bytes from the first position on of which code can't
	// have every value; free are those that can hold code.
	walls []int
	free  []bool
	// What is known of the headers, and what the bridge in the making has
	// assigned to the rest; behind them nothing is known.
	mask, value []byte
	// likely is what a byte holds that an instruction swallows: of one that can
	// have a few values only, one of them.
	likely []byte
	// The bridge in the making; what it decides, its instructions and their bytes.
	now      bridge
	assigned []assigned
	links    []link
	code     []byte
	found    []bridge
	steps    int
}

func newFinder(s *space, from int, l usable, h *headers) *finder {
	behind := make([]byte, x86.MaxLength)
	f := &finder{space: s, from: from, mask: slices.Concat(h.Known, behind), value: slices.Concat(h.Value, behind)}
	f.likely = slices.Clone(f.value)
	for i, b := range h.Example {
		if f.mask[i] != 0 || !h.Allows(i, 0) {
			f.likely[i] = b
		}
	}
	f.walls, f.free = make([]int, len(f.mask)), make([]bool, len(f.mask))
	walls := 0
	for at := from; at < len(f.mask); at++ {
		f.walls[at], f.free[at] = walls, s.free(at, l)
		if !s.whole(at, l) {
			walls++
		}
	}
	return f
}

// whole reports whether every value of the byte at an offset can hold code.
func (f *finder) whole(at int) bool { return at+1 >= len(f.walls) || f.walls[at+1] == f.walls[at] }

// bridges lists the ways from a position through bytes that are not free.
func (s *space) bridges(from int, l usable, h *headers) []bridge {
	// What is free and more than an opener swallows needs no bridge.
	reach, wall := min(from+longestOpener, s.tail), false
	for at := from; at < reach; at++ {
		wall = wall || !s.whole(at, l)
	}
	if !wall {
		return nil
	}
	key := fmt.Sprintf("%d %v %x %x", from, l, h.Known[from:], h.Value[from:])
	list, ok := s.known[key]
	if !ok {
		f := newFinder(s, from, l, h)
		f.search(from)
		list = f.found
		s.known[key] = list
	}
	return list
}

func (f *finder) search(at int) {
	s := f.space
	if len(f.found) >= maxBridges {
		return
	}
	crossed := f.walls[at] > 0
	if crossed && f.free[at] {
		b := f.now
		b.to, b.assigned, b.links, b.code = at, slices.Clone(f.assigned), slices.Clone(f.links), string(f.code)
		f.found = append(f.found, b)
		if f.whole(at) {
			return
		}
	}
	// An instruction that ends among free bytes again leads nowhere.
	inside := at > f.from && !crossed && f.whole(at)
	if f.steps++; inside || at >= s.tail || len(f.links) == maxLinks || f.steps > maxSteps {
		return
	}
	mask, value := f.mask[at], f.value[at]
	if mask == 0xff {
		f.take(at, value)
		return
	}
	for _, op := range openers {
		if (op^value)&mask == 0 && s.trying.Allows(at, op) {
			f.take(at, op)
		}
	}
}

// take goes on with the instruction that begins with a byte.
func (f *finder) take(at int, first byte) {
	code := [x86.MaxLength]byte(f.likely[at:])
	code[0] = first
	step := f.space.text.step(code)
	// Once the flags have changed nothing is known of the carry.
	if step.length == 0 || step.carry && f.now.flags&x86.CF != 0 && !f.now.carry {
		return
	}
	before, assigns := f.now, len(f.assigned)
	n := step.length
	var were [3][x86.MaxLength]byte
	for i := range n {
		k := at + i
		if f.mask[k] != 0xff {
			f.assigned = append(f.assigned, assigned{k, code[i]})
		}
		were[0][i], were[1][i], were[2][i] = f.mask[k], f.value[k], f.likely[k]
		f.mask[k], f.value[k], f.likely[k] = 0xff, code[i], code[i]
	}
	f.now.reads |= step.reads
	f.now.changes |= step.changes
	f.now.flags |= step.flags
	f.now.carry = f.now.carry || step.carry
	f.code = append(f.code, code[:n]...)
	f.links = append(f.links, link{at, n})
	f.search(at + n)
	f.now, f.assigned, f.links, f.code = before, f.assigned[:assigns], f.links[:len(f.links)-1], f.code[:len(f.code)-n]
	for i := range n {
		f.mask[at+i], f.value[at+i], f.likely[at+i] = were[0][i], were[1][i], were[2][i]
	}
}

// step is what an instruction of a bridge does.
type step struct {
	length  int // in bytes; 0 of what can't be in a bridge
	reads   flow.Set
	changes flow.Set
	flags   x86.FlagSet
	carry   bool // CF must be clear in front of it
}

// step finds out what the instruction at the beginning of some bytes does. The
// same ones are asked for over and over.
func (t *text) step(code [x86.MaxLength]byte) step {
	s, known := t.steps[code]
	if !known {
		s = t.decode(code[:])
		t.steps[code] = s
	}
	return s
}

func (t *text) decode(code []byte) step {
	var d x86.Decoded
	if !x86.Decode(t.graph.Bits, code, 0, &d) || d.Form.Flow() != x86.Next || d.Form.Privileged() {
		return step{}
	}
	in := flow.Inst{Instruction: d.Instruction, Form: d.Form}
	facts := t.graph.FactsOf(&in)
	if facts.Memory || facts.Changes.Has(stackPointer) || facts.Flags.Changed()&(x86.DF|x86.TF|x86.IF) != 0 {
		return step{}
	}
	s := step{length: d.Length, reads: facts.Reads, changes: facts.Changes, flags: facts.Flags.Changed()}
	if addsNothing(&d.Instruction) {
		name := x86.MnemonicName(d.Mnemonic)
		s.carry = name == "adc" || name == "sbb"
		s.changes = 0
	}
	return s
}

// stackPointer is the number of esp.
const stackPointer = 4

// addsNothing reports whether an instruction adds, subtracts or toggles zero.
func addsNothing(in *x86.Instruction) bool {
	if len(in.Operands) != 2 || in.Operands[1].Kind != x86.ImmediateOperand || in.Operands[1].Value.N != 0 {
		return false
	}
	return slices.Contains([]string{"add", "adc", "sub", "sbb", "or", "xor"}, x86.MnemonicName(in.Mnemonic))
}
