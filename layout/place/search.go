package place

import (
	"cmp"
	"slices"

	"tasm/codegen/x86"
	"tasm/flow"
)

// The way of the first chain through the headers: dynamic programming over the
// positions of the file. A node is reached from others at lower positions alone, so
// when the search comes to a position the cheapest way to each of its nodes is known.

// node is a point on the way of the first chain: a position in the file and
// the items that are still to come.
type node struct {
	at int
	progress
	dirty bool // CF may have been set since entry by a bridge
	// filesz is the highest byte of p_filesz and 1, between that and the one of
	// p_memsz; 0 where it is open.
	filesz    uint16
	deviation deviation
	early     early
}

// nodeKey is what tells nodes apart.
type nodeKey struct {
	at, item         int32
	content          content
	registers, known flow.Set
	filesz           uint16
	early            early
	done             uint8
	dirty            bool
}

func (n *node) key() nodeKey {
	d := &n.deviation
	return nodeKey{int32(n.at), int32(n.item), d.content, d.registers, d.known, n.filesz, n.early, n.done, n.dirty}
}

// hop is how a node was reached.
type hop struct {
	from   int     // the number of the node that it leads on from
	item   int     // which is placed, in one of its encodings
	items  int     // how many the way stands for
	way    *way    // that one
	bridge *bridge // or a bridge
	jump   bool    // or a jump
	pad    bool    // or a NOP
	early  *way    // or a push for the item
	cost   int
}

// byteAt is what a hop from a position puts at another one, if that is known.
func (h *hop) byteAt(from, at int) (byte, bool) {
	i := at - from
	switch {
	case h.bridge != nil:
		for _, a := range h.bridge.assigned {
			if a.at == at {
				return a.value, true
			}
		}
	case h.pad:
		return nop, true
	case h.jump && i == 0:
		return jumpShort, true
	case h.early != nil:
		return h.early.code[i], true
	case h.way != nil && i < len(h.way.code):
		open := i >= len(h.way.code)-h.way.dontCare || slices.ContainsFunc(h.way.fixups, func(x x86.Fixup) bool { return i >= int(x.Offset) && i < int(x.Offset)+int(x.Size) })
		return h.way.code[i], !open
	}
	return 0, false
}

// reached is a node with the hop that leads to it.
type reached struct {
	to  node
	hop hop
}

// search is the state of the dynamic programming.
type search struct {
	*file
	items         []*item
	nodes         []reached // in the order in which they were reached first, each with the cheapest way to it
	numbers       map[nodeKey]int32
	order         [][]int32 // the nodes by position
	alike         map[stateKey]int32
	now           int   // the node whose hops are made
	runs          []int // where jumps may lead
	filesz, memsz int   // offsets of the highest bytes of the sizes
	room          room
	least         []int // bytes that the items from each one on take at least
	most          int   // bytes of a file that is of use
}

// search finds the way for the items of the first chain that leaves the fewest bytes
// for the tail, and of those the one that uses up the fewest bytes of the headers.
// There is none when too many nodes were looked at for early pushes, or where the file
// would have more bytes than most.
func (f *file) search(items []*item, most int) []reached {
	tail := f.space.tail
	if f.entry >= tail {
		return nil
	}
	s := &search{file: f, items: items, room: f.space.room(), least: leastLengths(items), most: most, numbers: map[nodeKey]int32{}, order: make([][]int32, tail+beyond+x86.MaxLength+1), alike: map[stateKey]int32{}, runs: f.space.runs(f.usable)}
	s.filesz, s.memsz = f.space.sizeBytes()
	s.add(node{at: f.entry}, hop{from: -1})
	for at := f.entry; at < tail+beyond; at++ {
		for k := 0; k < len(s.order[at]); k++ {
			if f.early {
				if f.space.text.earlyNodes--; f.space.text.earlyNodes < 0 {
					return nil
				}
			}
			s.now = int(s.order[at][k])
			if n := s.nodes[s.now].to; n.item < len(items) && (at < tail || n.deviation.known != 0) {
				s.expand(n)
			}
		}
	}
	var path []reached
	for i := s.best(); i > 0; i = s.nodes[i].hop.from {
		path = append(path, s.nodes[i])
	}
	slices.Reverse(path)
	return path
}

// add takes in a node that is reached for the first time.
func (s *search) add(n node, h hop) {
	i := int32(len(s.nodes))
	s.nodes = append(s.nodes, reached{n, h})
	s.numbers[n.key()] = i
	s.order[n.at] = append(s.order[n.at], i)
}

// reach notes that a hop leads from one node to another, unless that is known to be
// reached for no more already.
func (s *search) reach(from, to node, h hop) {
	if from.at <= s.filesz && s.filesz < to.at {
		if b, known := h.byteAt(from.at, s.filesz); known {
			to.filesz = uint16(b) + 1
		}
	}
	if from.at <= s.memsz && s.memsz < to.at {
		if b, known := h.byteAt(from.at, s.memsz); known && to.filesz > 0 && !s.space.sizesAgree(byte(to.filesz-1), b) {
			return
		}
		to.filesz = 0
	}
	h.from = s.now
	h.cost += s.nodes[s.now].hop.cost
	if s.hopeless(to.at, to.progress, h.cost) {
		return
	}
	gain, ok := s.keep(&to, s.items)
	if !ok {
		return
	}
	if i, ok := s.numbers[to.key()]; ok {
		if old := &s.nodes[i].hop; h.cost < old.cost {
			*old = h
		}
		return
	}
	if gain != 0 {
		k := stateKey{at: int32(to.at), item: int32(to.item), gain: gain, early: to.early, done: to.done}
		if old, ok := s.alike[k]; ok && s.nodes[old].hop.cost <= h.cost {
			return
		}
		s.alike[k] = int32(len(s.nodes))
	}
	s.add(to, h)
}

// hopeless reports whether no file of use has so many items placed before a position, at
// some cost.
func (s *search) hopeless(at int, p progress, cost int) bool {
	return s.room.bound(at+p.unplaced(s.items, s.least)-s.room.tail, cost) > s.most
}

// expand makes all hops from a node.
func (s *search) expand(n node) {
	for _, k := range n.next(s.items) {
		switch top := n.early.top(); {
		case n.early.has(k):
			if k == top {
				s.popEarly(n, k)
			}
		case top < 0 || k <= top || !s.items[k].onStack():
			s.placeItem(n, k)
		}
	}
	if n.at >= s.space.tail {
		return
	}
	if s.early {
		s.pushEarly(n)
	}
	s.pass(n)
}

// popEarly gives the register of item k the number that was pushed for it.
func (s *search) popEarly(n node, k int) {
	it := s.items[k]
	w := s.space.text.popped(it.constant)
	if n.depth(s.items) != it.depth || !s.fits(n.at, w) {
		return
	}
	if to, ok := n.materialise(s.items, k, w); ok {
		to.early = n.early.pop()
		s.reach(n, to, hop{item: k, items: it.constant.items, way: w, cost: len(w.code)})
	}
}

// placeItem places item k, in each of its encodings, or, where it gives a register a
// number, in other ways to do that.
func (s *search) placeItem(n node, k int) {
	it := s.items[k]
	for i := range it.ways {
		w := &it.ways[i]
		if it.target != nil && w != it.way() {
			continue
		}
		if to, ok := n.place(s.items, k, len(w.code)); ok && s.fits(n.at, w) {
			s.reach(n, to, hop{item: k, items: 1, way: w, cost: len(w.code)})
		}
	}
	if it.constant.items == 0 {
		return
	}
	list := s.space.text.materialise(n, s.items, k)
	for i := range list {
		w := &list[i]
		if to, ok := n.materialise(s.items, k, w); ok && s.fits(n.at, w) {
			s.reach(n, to, hop{item: k, items: it.constant.items, way: w, cost: len(w.code)})
		}
	}
}

// pushEarly pushes numbers for later.
func (s *search) pushEarly(n node) {
	t := s.space.text
	for _, k := range t.candidates(n, s.items) {
		list := t.pushes(n, s.items, k)
		for i := range list {
			w := &list[i]
			to := n.moved(n.at + len(w.code))
			var ok bool
			if to.early, ok = n.early.push(k); ok && s.fits(n.at, w) {
				s.reach(n, to, hop{early: w, item: k, cost: len(w.code)})
			}
		}
	}
}

// pass goes on at another position without placing anything: by a NOP, a jump to
// another run of free bytes, or a bridge.
func (s *search) pass(n node) {
	at, room := n.at, min(s.usable, orBounded)
	if s.space.holds(at, nop, s.usable) {
		s.reach(n, n.moved(at+1), hop{pad: true, cost: 1})
	}
	if s.space.free(at, room) && at+1 < s.space.tail && s.space.free(at+1, room) {
		for _, r := range s.runs {
			if r > at+2 && r-at-2 < 128 {
				s.reach(n, n.moved(r), hop{jump: true, cost: 2})
			}
		}
	}
	list, cost := s.bridgesFrom(at), s.nodes[s.now].hop.cost
	for i := range list {
		b := &list[i]
		if s.hopeless(b.to, n.progress, cost+len(b.assigned)) {
			continue
		}
		if left, ok := s.through(n, s.items, b); ok {
			to := n.moved(b.to)
			to.dirty, to.deviation = n.dirty || b.flags&x86.CF != 0, left
			s.reach(n, to, hop{bridge: b, cost: len(b.assigned)})
		}
	}
}

// moved is the node at another position.
func (n node) moved(at int) node {
	n.at = at
	return n
}

// best is the number of the node where the chain leaves the headers at the least size of the file:
// of equals the one that uses up the fewest of their bytes; -1 where no node reaches the
// tail.
func (s *search) best() int {
	behind := lengths(s.items)
	tail := s.space.tail
	end := func(n node) int {
		left := n.length(s.space.text, s.items, behind)
		if n.at < tail && left == 0 {
			return tail
		}
		return n.at + left
	}
	compare := func(x, y *reached) int {
		a, b := &x.to, &y.to
		dirty := 0
		if a.dirty != b.dirty {
			if dirty = -1; a.dirty {
				dirty = 1
			}
		}
		return cmp.Or(end(*a)-end(*b), x.hop.cost-y.hop.cost, a.at-b.at, a.item-b.item, cmp.Compare(a.done, b.done), dirty)
	}
	best := -1
	for _, list := range s.order {
		for _, i := range list {
			n := &s.nodes[i]
			if n.to.item < len(s.items) && (n.to.at < tail || n.to.owes(s.items)) {
				continue
			}
			if best < 0 || compare(n, &s.nodes[best]) < 0 {
				best = int(i)
			}
		}
	}
	return best
}
