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
	targets []int   // where jumps may lead
	gain    []int   // by position: about how many bytes of need its byte meets
	owned   []bool  // by position: whether the byte counts as open in gain
	cap     []int16 // by position: the outlook of the present state
	// outlooks are what outlook has found, by what it depends on.
	outlooks map[uint64][]int16
	seen     map[uint64]int16 // by key of a state: the fewest open bytes with which it was reached
	queue    queue
	list     []candidate
	path     []visit // to the present state
	nodes    int64
	budget   int64
	found    *solution
	begun    bool // the queue was filled
	done     bool // everything was tried, or as much as memory allows

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
	missing useful
	twins   uint32 // registers that need not be looked at, as bits
	// bridges holds, by length and harm, the need behind the best instruction that
	// only leads over decided bytes, plus 1; 0 for none.
	bridges [16][harms]int
	pad     bool // what is offered only fills room
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
	t := &task{ground: g, entry: entry, blobs: blobs, seen: map[uint64]int16{}}
	c := &cpu{long: p.ABI.Bits == 64, ptr: p.ABI.PointerSize, entry: initial(p.Words, p.ABI.PointerSize), keepsReturn: p.KeepsReturn, far: g.far, readFile: func(at int64, size int) (uint64, bool) {
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

// survey finds where jumps may lead to and what each byte is worth.
func (t *task) survey() {
	n := t.size
	t.gain, t.owned = make([]int, n), make([]bool, n)
	worth := 0
	for p := n - 1; p >= 0; p-- {
		known := t.ground.known[p]
		switch {
		case t.own(p):
			t.gain[p] = 1
			t.owned[p] = true
			worth = windowWorth
		case known != 0xff:
			// Nothing behind the last open byte counts.
			t.gain[p] = min(worth, 2)
			worth -= t.gain[p]
		}
		if known != 0xff && (p == 0 || t.ground.known[p-1] == 0xff) {
			t.targets = append(t.targets, p)
		}
	}
	slices.Reverse(t.targets)
	t.outlooks = map[uint64][]int16{}
	s := t.goal.cpu.entry
	t.cap = t.outlook(&s)
}

// dead is what a position is worth from which control gets nowhere.
const dead = -1000

// outlook estimates for each position how many bytes of need can be met from
// there on, given what is decided of the linked bytes. Where bytes are decided,
// control goes through the instructions that they are.
func (t *task) outlook(s *state) []int16 {
	pointers := uint64(0) // registers that may point into memory
	for r, v := range s.reg {
		if v.kind() == stack || v.kind() == file {
			pointers |= 1 << r
		}
	}
	key := t.links ^ mix(pointers+1)
	if list, ok := t.outlooks[key]; ok {
		return list
	}
	n := t.size
	list := make([]int16, n+1)
	best := int16(dead) // of the positions jumps may lead to
	for p := n - 1; p >= 0; p-- {
		end, ok := t.through(p, pointers)
		switch {
		case !ok:
			list[p] = dead
		case end > 0:
			list[p] = int16(t.sum(p, end)) + list[min(end, n)]
		default:
			sum := int16(0)
			list[p] = dead
			for q := p; q < n && q < p+longest; q++ {
				sum += int16(t.gain[q])
				// The last instruction of all need not lead on.
				list[p] = max(list[p], sum+max(list[q+1], 0))
			}
			list[p] = max(list[p], best)
		}
		if _, is := slices.BinarySearch(t.targets, p); is {
			best = max(best, list[p])
		}
	}
	if len(t.outlooks) >= maxOutlooks {
		clear(t.outlooks)
	}
	t.outlooks[key] = list
	return list
}

// maxOutlooks bounds what is kept of them.
const maxOutlooks = 1 << 12

// longest is the length of the longest instruction that is looked at, in bytes.
const longest = 10

func (t *task) sum(p, end int) int {
	sum := 0
	for ; p < min(end, t.size); p++ {
		sum += t.gain[p]
	}
	return sum
}

// through returns where the instruction at p ends, if it is decided; ok tells
// whether it leads anywhere.
func (t *task) through(p int, pointers uint64) (end int, ok bool) {
	var b [longest]byte
	n := 0
	for n < len(b) && p+n < t.size && t.ground.known[p+n] == 0xff {
		b[n] = t.value[p+n]
		n++
	}
	if n == 0 {
		return 0, true
	}
	var in inst
	switch decode(t.goal.cpu.long, b[:n], &in) {
	case invalid:
		return 0, false
	case unfinished:
		return 0, n < len(b)
	}
	if in.op == opJmp || in.op == opJcc || in.op == opLoop || in.op == opJcxz || in.op == opCall || in.op == opRet || in.op == opInt || in.op == opSyscall {
		return 0, true
	}
	if in.op != opLea && (in.dst.where == inMem || in.src.where == inMem) && !in.rip &&
		(in.base == noReg || pointers>>in.base&1 == 0) && (in.index == noReg || pointers>>in.index&1 == 0) {
		return 0, false
	}
	return p + in.length, true
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
		return int(t.cap[next]) + t.past
	}
	used := 0
	for p := next; p < t.size; p++ {
		if t.owned[p] && (!t.open(p) || p == ip || p == ip+1) {
			used++
		}
	}
	return int(t.cap[next]) - used + t.behind(next)
}

// slack estimates how many bytes the program may waste.
func (t *task) slack() int {
	s := t.goal.cpu.entry
	return int(t.cap[t.entry]) + t.behind(t.entry) - t.goal.need(&s, 0)
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

// search looks for a program, as long as the budget of states lasts; a further
// call goes on where the last one stopped. It goes on from the state that the
// queue says promises most.
func (t *task) search(ctx context.Context, budget int64) {
	t.budget = budget
	t.nodes, t.asked = 0, 0
	base := t.mark()
	if !t.begun {
		t.begun = true
		t.expand(-1)
		t.undo(base)
	}
	for looks := 0; t.found == nil && !t.done && !t.spent(); looks++ {
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
		t.done = t.kept() > mostSteps
	}
	if t.done || t.found != nil {
		t.reset()
	}
}

// kept is the number of steps and states that are in memory.
func (t *task) kept() int { return int(t.queue.count) + len(t.seen) }

// reset gives up what a search keeps for its continuation.
func (t *task) reset() {
	t.queue, t.seen, t.begun = queue{}, map[uint64]int16{}, false
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
	s := t.goal.cpu.entry
	ip, k := t.entry, 0
	t.path, t.back, t.used = t.path[:0], false, 0
	padding, noted := false, false
	for _, c := range t.queue.way(i) {
		in := c.inst(t.goal.cpu.long)
		t.used += int(c.takes)
		t.path = append(t.path, visit{ip, in, s, k})
		if !t.place(ip, c, &in) {
			return
		}
		to, call, ok := t.run(&s, &in, ip, k)
		if !ok {
			return
		}
		t.back = t.back || to <= ip
		ip, k, padding = to, call, c.pad
		noted = c.noted
	}
	switch {
	case len(t.path) >= maxDepth:
		return
	case k == len(t.goal.wants):
		t.succeed()
		return
	case ip >= t.size:
		return
	}
	key := t.key(ip, 0, 0, &s, k, padding)
	if noted && int(t.seen[key]) < t.used || !t.likely() || !noted && !t.fresh(key, t.used) {
		return
	}
	t.past = t.behind(ip)
	if !t.back {
		t.cap = t.outlook(&s)
	}
	if t.goal.need(&s, k) > t.worth(ip, ip, ip) {
		return
	}
	t.list = t.generate(ip, &s, k, padding, t.list[:0])
	for j := range t.list {
		t.queue.push(step{candidate: t.list[j], parent: i, used: int16(t.used)})
	}
}

// fresh reports whether the state with a key was not yet reached with as few open
// bytes taken up.
func (t *task) fresh(key uint64, used int) bool {
	old, found := t.seen[key]
	if found && int(old) <= used {
		return false
	}
	t.seen[key] = int16(used)
	return true
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

// key identifies a state of the search, in which the bytes from start to end are
// taken too. What can't matter any more is left out: the stack below the stack
// pointer, and flags other than the carry.
func (t *task) key(ip, start, end int, s *state, k int, padding bool) uint64 {
	h := uint64(ip)<<32 | uint64(k)<<8 | uint64(s.known&s.flags&carry)<<1 | uint64(s.known&carry)<<2
	if padding {
		h++
	}
	add := func(x uint64) { h = bits.RotateLeft64((h^x)*0x9e3779b97f4a7c15, 29) }
	for _, v := range s.reg[:t.goal.cpu.registers()] {
		add(uint64(v))
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
		add(uint64(s.slot[i]))
	}
	add(t.ahead(ip))
	if len(t.targets) > 2 {
		// Code may come back to bytes that lie behind.
		for _, target := range t.targets {
			if !t.open(target) || target >= start && target < end {
				add(uint64(target))
			}
		}
	}
	return mix(h)
}
