package synth

import (
	"context"
	"math/bits"
	"slices"
)

// task is the search for one file: of a given size, with the headers, the blobs
// and the first instruction at given places.
type task struct {
	*ground
	goal    *goal
	entry   int
	blobs   []int
	targets []int  // where jumps may lead
	cap     []int  // by position: about how many bytes of need can be met from there on
	owned   []bool // by position: whether the byte counts as open in cap
	seen    map[uint64]struct{}
	queue   queue
	list    []candidate
	path    []visit // to the present state
	nodes   int64
	budget  int64
	found   *solution
	// done tells that everything was tried.
	done bool

	// What generate works on.
	ip      int
	s       *state
	k       int
	room    int
	out     []candidate
	buf     [16]byte
	prefix  []byte // decided prefixes in front of the open bytes
	past    int    // behind(ip)
	used    int    // open bytes that the program takes up so far
	wrapped bool
	back    bool // the program has jumped back
}

// visit is an instruction that has run.
type visit struct {
	ip    int
	in    inst
	state state // before it
	k     int
}

// solution is a finished search.
type solution struct {
	site  *site
	size  int
	entry int
	blobs []int
	known []byte
	value []byte
	base  []int8
	path  []visit
}

// maxDepth bounds the instructions of a result.
const maxDepth = 200

// newTask prepares a search; nil if the places exclude each other.
func newTask(s *site, p *Plan, size, entry int, blobs []int) *task {
	g := newGround(s, size, entry)
	if g == nil {
		return nil
	}
	for i, at := range blobs {
		if at < 0 {
			continue
		}
		for j, b := range p.Blobs[i] {
			if !g.bind(at+j, 0xff, b) {
				return nil
			}
		}
	}
	if !g.possible() {
		return nil
	}
	t := &task{ground: g, entry: entry, blobs: blobs, seen: map[uint64]struct{}{}}
	c := &cpu{long: p.ABI.Bits == 64, ptr: p.ABI.PointerSize, far: g.far, readFile: func(at int64, size int) (uint64, bool) {
		if at < 0 || at >= 4096 {
			return 0, false
		}
		return g.number(int(at), size)
	}}
	t.goal = newGoal(p, c, blobs)
	t.survey()
	return t
}

// windowWorth is about how many bytes of need a run of bytes between open bytes
// meets when it runs as code, if some of its bits can be chosen.
const windowWorth = 3

// survey finds where jumps may lead to and what each position is worth.
func (t *task) survey() {
	n := t.size
	t.cap, t.owned = make([]int, n+1), make([]bool, n+1)
	best := 0 // of the positions jumps may lead to
	worth := 0
	for p := n - 1; p >= 0; p-- {
		known := t.ground.known[p]
		switch {
		case t.own(p):
			t.cap[p] = t.cap[p+1] + 1
			t.owned[p] = true
			worth = windowWorth
		case known != 0xff:
			// Nothing behind the last open byte counts.
			gain := min(worth, 2)
			t.cap[p] = t.cap[p+1] + gain
			worth -= gain
		default:
			t.cap[p] = t.cap[p+1]
		}
		if known != 0xff {
			t.cap[p] = max(t.cap[p], best)
		}
		if known != 0xff && (p == 0 || t.ground.known[p-1] == 0xff) {
			t.targets = append(t.targets, p)
			best = max(best, t.cap[p])
		}
	}
	slices.Reverse(t.targets)
}

// own reports whether most of a byte is open and not the copy of other bits.
func (t *task) own(p int) bool {
	open := 0
	for j := range 8 {
		if t.ground.known[p]>>j&1 == 0 && len(t.tied[8*p+j]) == 0 {
			open++
		}
	}
	return open > 4
}

// behind estimates how many bytes of need can be met in open bytes before a
// position, where a jump would lead.
func (t *task) behind(position int) int {
	sum, length := 0, 0
	for p := range position {
		if t.owned[p] && t.open(p) {
			length++
			continue
		}
		sum += max(length-jumpSize, 0)
		length = 0
	}
	return sum + max(length-jumpSize, 0)
}

const jumpSize = 2 // bytes of a short jump

// worth estimates how many bytes of need can be met from next on, when the
// instruction at ip, which ends at end, leads there.
func (t *task) worth(ip, end, next int) int {
	if next == end && !t.back {
		return t.cap[next] + t.past
	}
	used := 0
	for p := next; p < t.size; p++ {
		if t.owned[p] && (!t.open(p) || p == ip || p == ip+1) {
			used++
		}
	}
	return t.cap[next] - used + t.behind(next)
}

// slack estimates how many bytes the program may waste.
func (t *task) slack() int {
	s := initial()
	return t.cap[t.entry] + t.behind(t.entry) - t.goal.need(&s, 0)
}

// takes counts the bytes that an instruction takes up: those of which most bits
// were open.
func (t *task) takes(ip, length int) int {
	n := 0
	for p := ip; p < ip+length && p < t.size; p++ {
		if t.base[p] == 0 && bits.OnesCount8(t.ground.known[p]) <= 4 {
			n++
		}
	}
	return n
}

// search looks for a program, as long as the budget of states lasts. It goes on
// from the state that promises most: by the bytes taken up so far, and twice
// those that are still needed.
func (t *task) search(ctx context.Context, budget int64) {
	t.budget = budget
	t.nodes, t.asked = 0, 0
	t.queue = queue{}
	clear(t.seen)
	base := t.mark()
	t.expand(-1)
	for looks := 0; t.found == nil && !t.spent(); looks++ {
		if looks%looksPerCheck == 0 && ctx.Err() != nil {
			break
		}
		i, ok := t.queue.pop()
		if !ok {
			t.done = true
			break
		}
		t.expand(i)
		t.undo(base)
	}
	t.queue = queue{}
}

// looksPerCheck is how many states are looked at before the context is.
const looksPerCheck = 1 << 8

// askCost is how many states can be looked at while the rules of the loader are
// worked through once.
const askCost = 1

// spent reports whether the budget is used up.
func (t *task) spent() bool { return t.nodes+askCost*t.asked > t.budget }

// expand brings the machine into the state behind a step of the queue, and puts
// into the queue what may follow. The root is -1.
func (t *task) expand(i int32) {
	t.nodes++
	s := initial()
	ip, k := t.entry, 0
	t.path, t.wrapped, t.back, t.used = t.path[:0], false, false, 0
	padding := false
	for _, c := range t.queue.way(i) {
		t.used += t.takes(ip, c.in.length)
		t.path = append(t.path, visit{ip, c.in, s, k})
		if !t.place(ip, c) {
			return
		}
		to, call, ok := t.run(&s, &c.in, ip, k)
		if !ok {
			return
		}
		t.wrapped = t.wrapped || call <= k && (c.in.op == opInt || c.in.op == opSyscall)
		t.back = t.back || to <= ip
		ip, k, padding = to, call, c.pad
	}
	switch {
	case len(t.path) >= maxDepth:
		return
	case k == len(t.goal.wants) || t.repeats(ip, &s, k):
		t.succeed()
		return
	case ip >= t.size || !t.fresh(ip, &s, k, padding) || !t.likely():
		return
	}
	t.list = t.generate(ip, &s, k, padding, t.list[:0])
	for j := range t.list {
		t.queue.push(step{parent: i, candidate: t.list[j]}, t.list[j].score+t.used)
	}
}

// fresh reports whether a state is looked at for the first time.
func (t *task) fresh(ip int, s *state, k int, padding bool) bool {
	key := t.key(ip, s, k, padding)
	_, found := t.seen[key]
	t.seen[key] = struct{}{}
	return !found
}

// repeats reports whether the program has come back to where it was, so that it
// goes round for ever.
func (t *task) repeats(ip int, s *state, k int) bool {
	if !t.wrapped {
		return false
	}
	called := false
	for i := len(t.path) - 1; i >= 0; i-- {
		v := &t.path[i]
		called = called || v.in.op == opInt || v.in.op == opSyscall
		if called && v.ip == ip && v.k == k && v.state.reg == s.reg && v.state.slot == s.slot && v.state.known == s.known && v.state.flags == s.flags {
			return true
		}
	}
	return false
}

// succeed keeps the file that has been found.
func (t *task) succeed() bool {
	if !t.certain(t.ground.known, t.value, t.size, t.entry) {
		return false
	}
	t.found = &solution{
		site: t.site, size: t.size, entry: t.entry, blobs: t.blobs, known: slices.Clone(t.ground.known), value: slices.Clone(t.ground.value),
		base: slices.Clone(t.base), path: slices.Clone(t.path),
	}
	return true
}

// key identifies a state of the search. What can't matter any more is left out:
// the stack below the stack pointer, and flags other than the carry.
func (t *task) key(ip int, s *state, k int, padding bool) uint64 {
	h := mix(uint64(ip)<<32 | uint64(k)<<8 | uint64(s.known&s.flags&carry)<<1 | uint64(s.known&carry)<<2)
	if padding {
		h++
	}
	for i, v := range s.reg {
		h = mix(h ^ uint64(v) + uint64(i)*0x9e3779b97f4a7c15)
	}
	low := 0
	if top := s.reg[sp]; top.kind() == stack {
		low, _ = slotAt(top.n(), t.goal.cpu.ptr)
	}
	high := stackBelow
	if s.dirty {
		high = len(s.slot)
	}
	for i := max(low, 0); i < high; i++ {
		h = mix(h ^ uint64(s.slot[i]) + uint64(i)*0xd6e8feb86659fd93)
	}
	h ^= t.ahead(ip)
	if len(t.targets) > 2 || t.wrapped {
		// Code may come back to bytes that lie behind.
		for _, target := range t.targets {
			if !t.open(target) {
				h = mix(h ^ uint64(target))
			}
		}
		if t.wrapped {
			h = mix(h ^ uint64(len(t.path)))
		}
	}
	return h
}
