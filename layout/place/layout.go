package place

import (
	"cmp"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
	"tasm/layout/elf"
)

// file is a file in the making.
type file struct {
	space  *space
	usable usable
	early  bool // numbers may be pushed before they are needed
	entry  int
	*headers
	bytes  []byte
	used   []bool // by code, data or a bridge
	open   []bool // of used bytes: what they hold is filled in at the end
	pieces []Piece
	at     map[*item]int // where the items went
	chosen map[*item]*way
	starts map[*flow.Block]int
	// bridges begin at a position; gains are the bytes that are saved by what a register
	// holds there.
	bridges map[int][]bridge
	gains   map[gain]int32
	data    map[*flow.Object]int
}

// layOut makes a file that begins at an entry; nil if there is none better
// than best, or with no more bytes than most. With early, numbers may be pushed before
// they are needed.
func (s *space) layOut(entry int, best *Result, most int, early bool) (found *Result) {
	for _, l := range usables {
		s.take(l)
		if !s.free(entry, min(l, orBounded)) {
			continue
		}
		for _, c := range s.text.chains {
			for _, it := range c.items {
				it.near = false
			}
		}
		for {
			f := s.newFile(entry, l)
			if f == nil {
				break
			}
			if f.early = early; !f.code(sizeBelow(best, most)) {
				break
			}
			f.objects()
			again, ok := f.lengthen()
			if !ok {
				break
			}
			// Longer jumps only make it larger.
			beaten := best != nil && !f.mayBeat(best)
			if again && !beaten {
				continue
			}
			if size, known := s.sizes[entry]; !known || len(f.bytes) < size {
				s.sizes[entry] = len(f.bytes)
			}
			if beaten {
				break
			}
			if r := f.finish(best); r.beats(best) {
				best, found = r, r
			}
			break
		}
	}
	return found
}

// newFile starts a file with what its headers must be.
func (s *space) newFile(entry int, l usable) *file {
	h := s.headersFor(entry)
	if h == nil {
		return nil
	}
	f := &file{space: s, usable: l, entry: entry, headers: h, at: map[*item]int{}, chosen: map[*item]*way{}, starts: map[*flow.Block]int{}, bridges: map[int][]bridge{}, gains: map[gain]int32{}, data: map[*flow.Object]int{}}
	f.grow(s.least)
	s.trying = h
	return f
}

// grow makes the file at least size bytes long.
func (f *file) grow(size int) {
	if n := size - len(f.bytes); n > 0 {
		f.bytes = append(f.bytes, make([]byte, n)...)
		f.used = append(f.used, make([]bool, n)...)
		f.open = append(f.open, make([]bool, n)...)
	}
}

// put writes a byte that is used.
func (f *file) put(at int, b byte) {
	f.grow(at + 1)
	f.bytes[at], f.used[at] = b, true
}

// sizeBelow is how many bytes a file may have to be no larger than best, if there is
// one, and than most.
func sizeBelow(best *Result, most int) int {
	if best != nil {
		return min(most, len(best.Bytes))
	}
	return most
}

// code places all chains. It reports false where that can't lead to a file of no more
// bytes than most.
func (f *file) code(most int) bool {
	s := f.space
	first := s.text.chains[0]
	path := f.search(first.items, most)
	last, used := node{at: f.entry}, 0
	if len(path) > 0 {
		last, used = path[len(path)-1].to, path[len(path)-1].hop.cost
	}
	rest := last.rest(first.items)
	if len(rest) > 0 && last.at < s.tail {
		return false // there is no way from here to the tail
	}
	left := 0
	if len(rest) > 0 {
		left = last.length(s.text, first.items, lengths(first.items))
	}
	if s.room().bound(left, used) > most {
		return false
	}
	at := node{at: f.entry}
	for _, h := range path {
		f.follow(first, at, h.to, h.hop)
		at = h.to
	}
	tail := max(last.at, s.tail)
	for k := last.item; k < len(first.items); k++ {
		it := first.items[k]
		switch {
		case last.placed(k):
		case last.early.has(k):
			w := s.text.popped(it.constant)
			f.set(it, w, tail)
			tail += len(w.code)
			for i := 1; i < it.constant.items; i++ {
				k++
				f.set(first.items[k], &way{}, tail)
			}
		default:
			tail = f.append([]*item{it}, tail)
		}
	}
	if len(rest) > 0 {
		f.grow(tail)
	}
	// Chains that fit are put into what is left of the headers.
	for _, c := range s.text.chains[1:] {
		at := f.gap(lengthOf(c.items))
		if at < 0 {
			at = max(len(f.bytes), s.tail)
		}
		f.append(c.items, at)
	}
	return true
}

// room is how much there is in the headers, and what has to find a place there or behind
// them besides the first chain, in bytes.
type room struct {
	tail, least int
	open, free  int // of the headers: all that can be chosen, and what nothing depends on
	more        int // in other chains, and the longest object
}

func (s *space) room() room {
	r := room{tail: s.tail, least: s.least}
	for at := range s.tail {
		if s.free(at, orTied) {
			r.open++
		}
		if s.free(at, freeOnly) {
			r.free++
		}
	}
	for _, c := range s.text.chains[1:] {
		r.more += lengthOf(c.items)
	}
	longest := 0
	for _, o := range s.text.graph.Objects {
		longest = max(longest, len(o.Bytes))
	}
	r.more += longest
	return r
}

// bound bounds the size of a file from below, in bytes: rest bytes of the first
// chain go behind the headers, used bytes of these are taken.
func (r room) bound(rest, used int) int {
	// The other chains and data take none but the free ones (gap).
	free := max(0, min(r.free, r.open-used))
	if rest <= 0 && r.more <= free {
		return r.least
	}
	return r.tail + max(0, rest) + max(0, r.more-free)
}

func lengthOf(items []*item) int {
	n := 0
	for _, it := range items {
		n += len(it.way().code)
	}
	return n
}

// gap finds n free bytes in the headers that are not used; -1 if there are none.
// Bytes with bounds are left to the first chain.
func (f *file) gap(n int) int {
	if n == 0 {
		return -1
	}
	run := 0
	for at := range f.space.tail {
		if at < len(f.used) && f.used[at] || !f.space.free(at, freeOnly) {
			run = 0
			continue
		}
		if run++; run == n {
			return at - n + 1
		}
	}
	return -1
}

// append puts items at a position, one behind the other.
func (f *file) append(items []*item, at int) int {
	for _, it := range items {
		f.set(it, it.way(), at)
		at += len(it.way().code)
	}
	f.grow(at)
	return at
}

// begin says where a block begins, unless it has begun already.
func (f *file) begin(b *flow.Block, at int) {
	if _, begun := f.starts[b]; !begun {
		f.starts[b] = at
	}
}

// set puts one item at a position.
func (f *file) set(it *item, w *way, at int) {
	f.at[it], f.chosen[it] = at, w
	f.begin(it.block, at)
	for i, b := range w.code[:len(w.code)-w.dontCare] {
		f.put(at+i, b)
	}
	f.grow(at + len(w.code))
	for _, x := range w.fixups {
		for i := range int(x.Size) {
			f.open[at+int(x.Offset)+i] = true
		}
	}
	if len(w.code) == 0 {
		return
	}
	p := Piece{Offset: int64(at), Size: int64(len(w.code)), Kind: Code, Inst: it.inst}
	if it.inst == nil {
		p.Kind, p.Why = Link, "goes on elsewhere"
	}
	f.pieces = append(f.pieces, p)
}

// bridgesFrom lists the bridges that begin at a position.
func (f *file) bridgesFrom(at int) []bridge {
	list, ok := f.bridges[at]
	if !ok {
		list = f.space.bridges(at, f.usable, f.headers)
		f.bridges[at] = list
	}
	return list
}

// fits reports whether free bytes at a position hold w. Addresses that are not
// settled need bytes that nothing depends on.
func (f *file) fits(at int, w *way) bool {
	s := f.space
	for i, b := range w.code[:len(w.code)-w.dontCare] {
		if !s.holds(at+i, b, f.usable) {
			return false
		}
	}
	for _, x := range w.fixups {
		for i := range int(x.Size) {
			if k := at + int(x.Offset) + i; k < s.tail && !s.free(k, orBounded) {
				return false
			}
			if x.Kind == x86.Absolute && at+int(x.Offset)+i < s.tail && !s.free(at+int(x.Offset)+i, freeOnly) {
				return false
			}
		}
	}
	return true
}

// holds reports whether the byte at an offset can hold b as code.
func (s *space) holds(at int, b byte, l usable) bool {
	return (at >= s.tail || s.free(at, l) && (b^s.trying.Value[at])&s.trying.Known[at] == 0) && s.trying.Allows(at, b)
}

const (
	nop       = 0x90
	jumpShort = 0xeb
	jumpNear  = 0xe9
)

// follow writes what a hop stands for.
func (f *file) follow(c *chain, from, to node, h hop) {
	at := from.at
	link := func(offset, size int, why string) {
		f.pieces = append(f.pieces, Piece{Offset: int64(offset), Size: int64(size), Kind: Link, Why: why})
	}
	switch {
	case h.way != nil:
		f.set(c.items[h.item], h.way, at)
		for k := 1; k < h.items; k++ {
			f.set(c.items[h.item+k], &way{}, at+len(h.way.code))
		}
	case h.early != nil:
		f.begin(c.items[from.item].block, at)
		for i, b := range h.early.code {
			f.put(at+i, b)
		}
		f.pieces = append(f.pieces, Piece{Offset: int64(at), Size: int64(len(h.early.code)), Kind: Link, Inst: c.items[h.item].inst, Why: "is popped later"})
	case h.pad:
		f.put(at, nop)
		link(at, 1, "fills up")
	case h.jump:
		f.put(at, jumpShort)
		f.put(at+1, byte(to.at-at-2))
		link(at, 2, "skips header bytes that are not free")
	case h.bridge != nil:
		why := "leads through header bytes and changes nothing that matters"
		if to.deviation.known != 0 {
			// What it leaves is for this block, whichever way control comes.
			f.begin(c.items[from.item].block, at)
			if to.deviation != from.deviation {
				why = "leads through header bytes and changes " + to.deviation.name(f.space.text.graph.Bits)
			}
		}
		for _, a := range h.bridge.assigned {
			f.put(a.at, a.value)
		}
		for _, l := range h.bridge.links {
			link(l.at, l.length, why)
		}
	}
}

// lengthen makes near jumps of the short ones that don't reach their targets.
// It reports whether there were any, and false where there is no near form.
func (f *file) lengthen() (again, ok bool) {
	for _, c := range f.space.text.chains {
		for _, it := range c.items {
			w := f.chosen[it]
			if it.target == nil || w == nil {
				continue
			}
			for _, x := range w.fixups {
				d := f.starts[it.target] - f.at[it] - len(w.code)
				if x.Size == 1 && (d < -128 || d > 127) {
					if len(it.ways) < 2 {
						return false, false
					}
					it.near, again = true, true
				}
			}
		}
	}
	return again, true
}

// objects places the data: over bytes that are the same already, into what is
// left of the headers, or at the end.
func (f *file) objects() {
	list := slices.Clone(f.space.text.graph.Objects)
	slices.SortStableFunc(list, func(a, b *flow.Object) int { return len(b.Bytes) - len(a.Bytes) })
	for _, o := range list {
		if o.Bytes == nil {
			continue
		}
		at := -1
		if !o.Write && len(o.Refs) == 0 {
			at = f.same(o.Bytes)
		}
		if at < 0 {
			at = f.gap(len(o.Bytes))
		}
		if at < 0 {
			at = max(len(f.bytes), f.space.tail)
		}
		f.data[o] = at
		for i, b := range o.Bytes {
			f.put(at+i, b)
		}
		for _, r := range o.Refs {
			for i := range r.Size {
				f.open[at+int(r.At)+i] = true
			}
		}
		f.pieces = append(f.pieces, Piece{Offset: int64(at), Size: int64(len(o.Bytes)), Kind: Data, Object: o})
	}
	end := int64(len(f.bytes))
	for _, o := range list {
		if o.Bytes != nil {
			continue
		}
		align := max(o.Align, 1)
		end = (end + align - 1) &^ (align - 1)
		f.data[o] = int(end)
		end += o.Size
	}
}

// mayBeat reports whether the file can be better than another one.
func (f *file) mayBeat(best *Result) bool {
	return len(f.bytes) < len(best.Bytes) || len(f.bytes) == len(best.Bytes) && (best.Charge > 0 || best.Mapped > elf.PageSize)
}

// same finds bytes of the file that are the wanted ones already, or the end of
// the file with some of them; -1 if there are none.
func (f *file) same(want []byte) int {
	for at := 0; at < len(f.bytes); at++ {
		good := true
		for i := 0; i < len(want) && good; i++ {
			k := at + i
			switch {
			case k >= len(f.bytes):
				// At the end the rest is added.
			case f.open[k]:
				good = false
			case f.used[k]:
				good = f.bytes[k] == want[i]
			case k < len(f.Known) && k < f.space.tail:
				good = f.Known[k] == 0xff && f.Value[k] == want[i]
			default:
				good = false
			}
		}
		if good {
			return at
		}
	}
	return -1
}

// finish settles the headers and fills in the addresses. Nothing is returned where the
// file is as large as the best one and asks for more memory.
func (f *file) finish(best *Result) *Result {
	s := f.space
	p := s.Placement
	p.Size = int64(len(f.bytes))
	limits := s.Loader
	if best != nil && len(best.Bytes) <= len(f.bytes) {
		limits = limits.WithCharge(best.Charge)
	}
	known := make([]byte, len(f.bytes))
	for at := range known {
		if f.used[at] && !f.open[at] {
			known[at] = 0xff
		}
	}
	bytes := elf.Cheapest(limits, p.Class, func(l *elf.Loader) []byte {
		headers := elf.Headers(p, l, f.entry, known, f.bytes)
		if headers == nil {
			return nil
		}
		if bytes := f.fill(p, headers); len(elf.Check(s.Loader, bytes)) == 0 {
			return bytes
		}
		return nil
	})
	if bytes == nil {
		return nil
	}
	slices.SortStableFunc(f.pieces, func(a, b Piece) int { return cmp.Compare(a.Offset, b.Offset) })
	return &Result{Finished: elf.Finish(p, f.entry, bytes), Pieces: f.pieces}
}

// fill makes the bytes of a file with finished headers.
func (f *file) fill(p elf.Placement, headers []byte) []byte {
	out := slices.Clone(f.bytes)
	for at, b := range headers {
		if at < len(out) && !(f.used[at] && (f.open[at] || out[at] == b)) {
			out[at] = b
		}
	}
	base := elf.Base(p, headers)
	starts := map[int]int{} // by the blocks' ID: data refers to those of the program as written
	for b, at := range f.starts {
		starts[b.ID] = at
	}
	for it, w := range f.chosen {
		for _, x := range w.fixups {
			at := f.at[it] + int(x.Offset)
			v := uint64(x.Value.N)
			if segment, ok := x.Value.Segment(); ok && segment == codeSegment {
				v = base + uint64(f.starts[it.target])
			} else if ok && segment > codeSegment {
				v += base + uint64(starts[int(segment-codeSegment)-1])
			} else if ok {
				v += base + uint64(f.dataAt(int(segment)-1))
			}
			if x.Kind == x86.Relative {
				v -= base + uint64(f.at[it]+len(w.code))
			}
			write(out[at:at+int(x.Size)], v)
		}
	}
	for o, start := range f.data {
		for _, r := range o.Refs {
			v := uint64(r.To.Offset) + base
			if r.To.Object != nil {
				v += uint64(f.data[r.To.Object])
			} else {
				v += uint64(starts[r.To.Block.ID])
			}
			write(out[start+int(r.At):start+int(r.At)+r.Size], v)
		}
	}
	return out
}

func (f *file) dataAt(id int) int {
	for o, at := range f.data {
		if o.ID == id {
			return at
		}
	}
	return 0
}

func write(field []byte, v uint64) {
	for i := range field {
		field[i] = byte(v >> (8 * i))
	}
}
