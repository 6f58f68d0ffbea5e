package synth

import (
	"context"
	"math/bits"
	"slices"
	"sync"

	"tasm/codegen/x86"
	"tasm/layout/elf"
)

// task is the search for one file: of a given size, with the headers, the blobs
// and the first instruction at given places.
type task struct {
	*ground
	goal    *goal
	entry   int
	blobs   []int
	build   *build
	targets []int   // where jumps may lead
	gain    []int   // by position: about how many bytes of need its byte meets
	owned   []bool  // by position: whether the byte counts as open in gain
	first   []int16 // by position: the estimate when nothing has run yet
	cap     []int16 // the same of the present state, as long as nothing has jumped back
	// estimates are what estimate has found, by what it depends on.
	estimates   map[uint64]*estimate
	behindLinks map[uint64]*estimate // the estimate from behind the linked bytes, by registers that point into memory
	lastLink    int
	seen        map[uint64]int16 // by key of a state: the fewest open bytes with which it was reached
	queue       queue
	list        []candidate
	path        []visit // to the present state
	nodes       int64
	digest      uint64 // of the states that were looked at
	budget      int64
	found       *solution
	begun       bool // the queue was filled
	done        bool // everything was tried, or as much as memory allows
	full        bool // the latter
	tolerance   int  // by how many bytes the estimates may be wrong

	// What generate works on.
	ip     int
	s      *state
	k      int
	room   int
	out    []candidate
	buf    [16]byte
	prefix []byte // decided prefixes in front of the open bytes
	need   int    // of the present state
	past   int    // behind(ip)
	// lastJump is the last position where a short jump may stand.
	lastJump int
	used     int // open bytes that the program takes up so far
	missing  useful
	changes  []change // by what the present state may change to: see needOf
	needs    []int
	twins    uint32 // registers that need not be looked at, as bits
	// bridges holds, by length and side effect, the need behind the best instruction that
	// only leads over decided bytes, plus 1; 0 for none.
	bridges [16][sideEffects]int
	pad     bool // what is offered only fills room
	back    bool // the program has jumped back
	// ran identifies the instructions that have run, in any order, if the program
	// may come by again.
	ran     uint64
	product bool // one of them is a multiplication
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
	build *build
	known []byte
	value []byte
	base  []int8
	path  []visit
}

// newTask prepares a search; nil if the places exclude each other.
func newTask(s *site, p *Plan, size, entry int, blobs []int, b *build) *task {
	g := newGround(s, size, entry)
	if g == nil {
		return nil
	}
	lay := func(bytes []byte, at int) bool {
		for j, b := range bytes {
			if !g.bind(at+j, 0xff, b) {
				return false
			}
		}
		return true
	}
	for i, at := range blobs {
		if (b == nil || i != b.blob) && !lay(p.Blobs[i], at) {
			return nil
		}
	}
	if b != nil {
		for i, c := range chunks(p.Blobs[b.blob], p.ABI.PointerSize) {
			if at := b.words[i]; at != immediate && !lay(c, at) {
				return nil
			}
		}
	}
	if !g.possible() {
		return nil
	}
	t := &task{ground: g, entry: entry, blobs: blobs, build: b, seen: map[uint64]int16{}}
	c := &cpu{long: p.ABI.Bits == 64, ptr: p.ABI.PointerSize, entry: initial(p.Words, p.ABI.PointerSize), keepsReturn: p.KeepsReturn, far: g.far, readFile: func(at int64, size int) (uint64, bool) {
		if at < 0 || at >= elf.PageSize {
			return 0, false
		}
		return g.number(int(at), size)
	}}
	c.isPiece = func(at int64) bool {
		return b != nil && at >= 0 && slices.Contains(b.words, int(at))
	}
	t.goal = newGoal(p, c, blobs, b)
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
	t.estimates, t.behindLinks = map[uint64]*estimate{}, map[uint64]*estimate{}
	for _, p := range t.watch {
		if p < n {
			t.lastLink = p
		}
	}
	s := t.goal.cpu.entry
	t.first = slices.Clone(t.estimate(&s, 0))
}

// dead is what a position is worth from which control gets nowhere.
const dead = -1000

// estimate is the estimate from a position on.
type estimate struct {
	list []int16 // by position: about how many bytes of need can be met from there on
	from int     // positions before it are not yet estimated
	best int16   // of those to which jumps may lead
}

// estimate estimates for each position from ip on how many bytes of need can be
// met from there on, given what is decided of the linked bytes.
func (t *task) estimate(s *state, ip int) []int16 {
	pointers := uint64(0) // registers that may point into memory
	for r, v := range s.reg {
		if v.kind() == stack || v.kind() == file {
			pointers |= 1 << r
		}
	}
	key := t.links ^ mix(pointers+1)
	o := t.estimates[key]
	if o == nil {
		// What lies behind the linked bytes is the same for all.
		behind := t.behindLinks[pointers]
		if behind == nil {
			behind = &estimate{list: make([]int16, t.size+1), from: t.size, best: dead}
			behind.list[t.size] = dead
			t.behindLinks[pointers] = behind
		}
		t.extend(behind, max(ip, t.lastLink+1), pointers)
		o = &estimate{slices.Clone(behind.list), behind.from, behind.best}
		if len(t.estimates) >= maxEstimates {
			clear(t.estimates)
		}
		t.estimates[key] = o
	}
	t.extend(o, ip, pointers)
	return o.list
}

// extend estimates the estimate down to a position, from which on no code lies.
func (t *task) extend(o *estimate, ip int, pointers uint64) {
	for p := o.from - 1; p >= ip; p-- {
		m := t.moves(p, pointers)
		met := int16(dead)
		if m.away {
			met = o.best
		}
		sum := int16(0)
		for l := 1; l <= longest && p+l <= t.size; l++ {
			sum += int16(t.gain[p+l-1])
			switch {
			case m.good>>l&1 != 0:
				met = max(met, sum+o.list[p+l])
			case m.idle>>l&1 != 0:
				met = max(met, o.list[p+l])
			}
			if m.last && l == callSize {
				met = max(met, sum)
			}
		}
		if _, is := slices.BinarySearch(t.targets, p); is {
			o.best = max(o.best, met)
		}
		o.list[p] = met
	}
	o.from = min(o.from, ip)
}

// longest is the length of the longest instruction that is looked at, in bytes.
const longest = 10

// moves are the lengths that an instruction at some position can have, as bits.
type moves struct {
	good uint16 // those of instructions that may do what is asked for
	idle uint16 // those of others
	last bool   // it can call the kernel
	away bool   // it can lead elsewhere
}

const callSize = 2 // bytes of an instruction that calls the kernel

// moves returns what an instruction at p can be, given what is decided.
func (t *task) moves(p int, pointers uint64) moves {
	room, limit := 0, min(longest, t.size-p)
	for room < limit && t.ground.known[p+room] == 0 {
		room++
	}
	m := moves{good: 1<<(room+1) - 2, last: room >= callSize, away: room >= jumpSize}
	if room == limit {
		return m
	}
	key := (pointers<<8 | uint64(limit)) ^ t.goal.numbers
	for i := range limit {
		key = bits.RotateLeft64((key^uint64(t.ground.known[p+i])<<8^uint64(t.value[p+i]))*0x9e3779b97f4a7c15, 29)
	}
	if found, ok := t.moved.Load(key); ok {
		return found.(moves)
	}
	t.shapes(p, pointers, t.buf[:0], room, &m)
	t.moved.Store(key, m)
	return m
}

// shapes adds to m the instructions at p that begin with the bytes b and are
// longer than room.
func (t *task) shapes(p int, pointers uint64, b []byte, room int, m *moves) {
	var in inst
	switch decode(t.goal.cpu.long, b, &in) {
	case complete:
		if in.length <= longest && in.length > room && p+in.length <= t.size {
			t.shape(p, pointers, &in, m)
		}
	case unfinished:
		q := p + len(b)
		if q >= t.size || len(b) >= longest {
			return
		}
		known, value := t.ground.known[q], t.value[q]
		switch {
		case known == 0xff:
			t.shapes(p, pointers, append(b, value), room, m)
		case known == 0:
			for _, v := range specimens(t.goal.cpu.long, b) {
				t.shapes(p, pointers, append(b, v), room, m)
			}
		default:
			for v := range 256 {
				if (byte(v)^value)&known == 0 {
					t.shapes(p, pointers, append(b, byte(v)), room, m)
				}
			}
		}
	}
}

// shape adds to m an instruction at p.
func (t *task) shape(p int, pointers uint64, in *inst, m *moves) {
	switch in.op {
	case opInt:
		at := p + in.immAt
		m.last = m.last || (t.value[at]^0x80)&t.ground.known[at] == 0
	case opSyscall:
		m.last = true
	case opBranch:
		m.away = true
	case opJmp, opCall, opRet:
		m.away = true
		return
	}
	switch {
	case !in.reaches(pointers):
	case in.op == opPush && in.immSize == immediateSize && t.begins(p+in.immAt), !t.leadsOn(p, in):
		m.good |= 1 << in.length
	default:
		m.idle |= 1 << in.length
	}
}

// reaches reports whether an instruction has no operand in memory, or one that registers
// may point at.
func (in *inst) reaches(pointers uint64) bool {
	return in.op == opLea || in.dst.where != inMem && in.src.where != inMem || in.rip ||
		in.base != noReg && pointers>>in.base&1 != 0 || in.index != noReg && pointers>>in.index&1 != 0
}

// leadsOn reports whether an instruction at p does nothing that is asked for, and only
// leads on.
func (t *task) leadsOn(p int, in *inst) bool {
	return in.op == opCmp || in.op == opTest || in.op == opNop ||
		in.immSize >= 4 && !t.wanted(p+in.immAt, in.op == opMov || in.op == opPush) ||
		in.dispSize == 4 && !in.rip && !t.wanted(p+in.dispAt, in.op == opLea)
}

// specimens lists values of a byte behind the bytes b that stand for all: those
// of opcodes that differ in nothing but what shape does not ask for, and ModRM
// bytes for registers, which matter only to groups of opcodes.
func specimens(long bool, b []byte) []byte {
	list := specimenLists[bitsOf(long)/64]()
	i := 0
	for i < len(b) && (isREX(long, b[i]) || isSegment(long, b[i])) {
		i++
	}
	b, escaped := b[i:], 0
	switch {
	case len(b) == 0 && i == 0:
		return list.first
	case len(b) == 0:
		return list.opcodes[0]
	case b[0] == escape:
		b, escaped = b[1:], 1
	}
	switch len(b) {
	case 0:
		return list.opcodes[1]
	case 1:
		return list.modRM[escaped][b[0]]
	}
	return []byte{0xc0}
}

// specimenList are the specimens in code of one mode.
type specimenList struct {
	first   []byte         // of an instruction
	opcodes [2][]byte      // behind a prefix, where no further one is tried, and behind the escape
	modRM   [2][256][]byte // by escape and opcode
}

// look is what shape asks for of an instruction without an operand in memory.
type look struct {
	op              op
	length, immSize int
}

// lookAt returns the look of an instruction; more tells that a byte is missing.
func lookAt(long bool, code ...byte) (x look, more bool) {
	var in inst
	is := decode(long, code, &in)
	if is == complete {
		x = look{in.op, in.length, in.immSize}
	}
	return x, is == unfinished
}

// specimenLists are for 32-bit and 64-bit code.
var specimenLists = [...]func() *specimenList{
	sync.OnceValue(func() *specimenList { return newSpecimens(false) }),
	sync.OnceValue(func() *specimenList { return newSpecimens(true) }),
}

func newSpecimens(long bool) *specimenList {
	list := &specimenList{}
	for e := range list.opcodes {
		seen := map[[9]look]bool{{}: true}
		for b := range 256 {
			opcode := []byte{escape, byte(b)}[1-e:]
			var looks [9]look
			more := false
			switch {
			case isREX(long, opcode[0]) || isSegment(long, opcode[0]):
			case e == 0 && b == escape:
				looks[8].length = 1
			default:
				looks[8], more = lookAt(long, opcode...)
			}
			if more {
				for digit := range 8 {
					looks[digit], _ = lookAt(long, append(opcode, 0xc0|byte(digit)<<3)...)
				}
				list.modRM[e][b] = []byte{0xc0, 0xc8, 0xd0, 0xd8, 0xe0, 0xe8, 0xf0, 0xf8}
				switch looks {
				case [9]look{}: // only with an address
					list.modRM[e][b], looks[8].length = []byte{0x00, 0x40, 0x80, 0x04, 0x44, 0x84}, 2
				case [9]look{looks[0], looks[0], looks[0], looks[0], looks[0], looks[0], looks[0], looks[0]}:
					list.modRM[e][b] = []byte{0xc0}
				}
			}
			if !seen[looks] {
				seen[looks] = true
				list.opcodes[e] = append(list.opcodes[e], byte(b))
			}
		}
	}
	if list.first = list.opcodes[0]; long {
		list.first = append(slices.Clip(list.first), rex, rex|8)
	}
	return list
}

// wanted reports whether the 4 bytes at p can be a number that is worth having,
// or an address, if that would do.
func (t *task) wanted(p int, address bool) bool {
	known, value := uint64(0), uint64(0)
	for k := range 4 {
		known |= uint64(t.ground.known[p+k]) << (8 * k)
		value |= uint64(t.value[p+k]) << (8 * k)
	}
	if address && known != mask(4) {
		return true
	}
	for _, v := range t.goal.useful[0].values {
		if v.kind() == number && (uint64(v.n())^value)&known == 0 {
			return true
		}
	}
	return false
}

// begins reports whether the 4 bytes at p can begin as a word of the stack must.
func (t *task) begins(p int) bool {
	for _, list := range t.goal.holds {
		for _, h := range list {
			fits := h.bytes > 0
			for i, b := range little(h.val.n(), h.bytes) {
				fits = fits && (t.value[p+i]^b)&t.ground.known[p+i] == 0
			}
			if fits {
				return true
			}
		}
	}
	return false
}

// own reports whether most of a byte is open and not the copy of other bits.
func (t *task) own(p int) bool {
	open := 0
	for j := range 8 {
		if t.ground.known[p]>>j&1 == 0 && len(t.ties(p, j)) == 0 {
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
		if next > t.lastJump {
			return int(t.cap[next])
		}
		return int(t.cap[next]) + t.past
	}
	list, used := t.cap, 0
	if t.back || next < end {
		list = t.first // the bytes that have run lie ahead again
	}
	if len(t.goal.idle) > 0 && t.ground.known[next] == 0xff {
		// What has run meets need once more when it runs again.
		return int(list[next]) + t.behind(next)
	}
	for p := next; p < t.size; p++ {
		if t.owned[p] && (!t.open(p) || p == ip || p == ip+1) {
			used++
		}
	}
	return int(list[next]) - used + t.behind(next)
}

// slack estimates how many bytes the program may waste.
func (t *task) slack() int {
	s := t.goal.cpu.entry
	return int(t.first[t.entry]) + t.behind(t.entry) - t.goal.need(&s, 0) + t.tolerance
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
		t.full = t.kept() > mostSteps
		t.done = t.full
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

// callsPerNode is how many calls of the plan make a state count once: looking at one
// takes longer with more of them. What is found comes from the same blocks rewritten
// where there are many, so from callsSquared / callsPerNode on it counts for more.
const callsPerNode, callsSquared = 2, 8

// askCost is how many states can be looked at while the rules of the loader are
// worked through once.
const askCost = 1

// spent reports whether the budget is used up.
func (t *task) spent() bool { return t.nodes+askCost*t.asked > t.budget }

// expand brings the machine into the state behind a step of the queue, and puts
// into the queue what may follow. The root is -1.
func (t *task) expand(i int32) {
	n := int64(len(t.goal.wants))
	t.nodes += max(1, n/callsPerNode, n*n/callsSquared)
	s := t.goal.cpu.entry
	ip, k := t.entry, 0
	t.path, t.back, t.used, t.ran, t.product = t.path[:0], false, 0, 0, false
	padding, noted := false, false
	for _, c := range t.queue.way(i) {
		in := c.inst(t.goal.cpu.long)
		t.used += int(c.takes)
		t.path = append(t.path, visit{ip, in, s, k})
		t.ran += t.again(c.code[:c.length])
		if !t.place(ip, c, &in) {
			return
		}
		to, call, ok := t.run(&s, &in, ip, k)
		if !ok {
			return
		}
		t.product = t.product || in.op == opImul
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
	key := t.key(ip, 0, 0, &s, k, padding) + t.ran
	if noted && int(t.seen[key]) < t.used || !t.likely() || !noted && !t.fresh(key, t.used) {
		return
	}
	t.digest = mix(t.digest ^ key)
	t.past = t.behind(ip)
	t.lastJump = t.size - jumpSize
	if t.past > 0 {
		for t.lastJump >= 0 && t.ground.known[t.lastJump]|t.ground.known[t.lastJump+1] != 0 {
			t.lastJump--
		}
	}
	if !t.back {
		t.cap = t.estimate(&s, ip)
	}
	t.need = t.goal.need(&s, k)
	if t.goal.atLeast(&s, k, t.need, t.product) > t.worth(ip, ip, ip)+t.tolerance {
		return
	}
	t.list = t.generate(ip, &s, k, padding, t.list[:0])
	for j := range t.list {
		t.queue.push(step{candidate: t.list[j], parent: i, used: int16(t.used)})
	}
}

// again identifies an instruction, if it may run a second time.
func (t *task) again(code []byte) uint64 {
	if len(t.goal.idle) == 0 {
		return 0
	}
	h := uint64(len(code))
	for _, b := range code {
		h = mix(h<<8 ^ uint64(b))
	}
	return h
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
		site: t.site, size: t.size, entry: t.entry, blobs: t.blobs, build: t.build, known: slices.Clone(t.ground.known), value: slices.Clone(t.ground.value),
		base: slices.Clone(t.base), path: slices.Clone(t.path),
	}
	return true
}

// key identifies a state of the search, in which the bytes from start to end are
// taken too. What can't matter any more is left out: the stack below the stack
// pointer, and flags other than the carry.
func (t *task) key(ip, start, end int, s *state, k int, padding bool) uint64 {
	h := uint64(ip)<<32 | uint64(k)<<8 | uint64(s.known&s.flags&x86.CF)<<1 | uint64(s.known&x86.CF)<<2
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
