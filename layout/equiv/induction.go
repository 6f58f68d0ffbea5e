package equiv

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"tasm/codegen/x86"
	"tasm/layout/elf"
	"tasm/machine"
)

// induction is a proof by induction in the making.
type induction struct {
	*world
	images  [2]*image
	cutting cutting
	assume  []*Assumption
	bases   [2]machine.Term
	first   [2]*process // as the programs begin
	objects []*object
	heads   [2]map[int64]bool // addresses where a loop is cut
	sites   [2]map[int64]bool // addresses behind calls

	nodes map[string]*node
	queue []*node
	// again tells that something was found out that has to be known from the
	// beginning on.
	again bool

	// trusted are the objects that the original was taken not to leave, by the
	// addresses of the instructions that use them.
	trusted map[int64]map[*object]bool

	// made are the parts of objects that the original writes to, given those that the
	// kernel does, and names those that are handed over as texts.
	made, given, names map[making]bool

	// maps tells that the original may have mapped memory of which nothing is known.
	maps bool
	// walks tells that the programs read words of the initial stack behind which there
	// may be auxiliary values.
	walks bool

	steps, versions, scatters, calls int
	failed                           string
	at                               [2]int64 // where it failed
}

// node is a pair of places at which both programs stand, and what is claimed of
// their states there.
type node struct {
	key      string
	ips      [2]machine.Term
	relation *relation
	weakened int
	queued   bool
	edges    []edge
}

// edge is a way from a node to another one.
type edge struct {
	to    *node
	moved [2]bool
}

// route is the two programs on one path from a node on.
type route struct {
	*pair
	moved    [2]bool
	atHead   [2]bool
	waiting  [2]bool // at a system call
	here     [2]machine.Term
	visited  [2]map[visit]visits
	forks    int // cases split on the way
	accesses []access
	texts    []machine.Access // of the original to strings
	ranges   map[*object]*extent
	written  map[*object][2]int // by which Scatter arrays became unknown
	sizes    []size
	after    []func(machine.Term) // what to do once the kernel has answered
	ended    [2]bool              // by an exception
	found    []found              // of what the relation at its beginning tells
	words    []machine.Term       // addresses of the words of the initial stack that were read
	entry    [2]int64             // how far above the first stack pointer the lowest word is that was read at an unknown place
	dead     bool
	split    bool // the next instruction was begun before
	steps    int
}

// visits is how often an instruction was run, and how many cases had been split the
// last time.
type visits struct{ count, forks int }

// visit is an instruction, and the stack pointer there.
type visit struct {
	ip int64
	sp machine.Term
}

// access is one of the original to an object at an address that is not known.
type access struct {
	address machine.Term
	object  *object
}

// cutting is a way to choose where loops are cut.
type cutting struct {
	// all tells that every loop without a system call is cut that was met, at its
	// head. Else those are that are come round in.
	all bool
	// unrolled is how many turns of a loop that decides nothing are followed before it
	// is cut.
	unrolled int
	// from and to tell that a loop of the result is cut at to, not at its head from.
	from, to int64
	// choices tells that addresses of which there are few are cases for themselves.
	choices bool
	// kinds tells that what the original's registers are addresses of are cases for
	// themselves.
	kinds bool
}

// induct tries to prove by induction that two images do the same. Where the loops
// are cut decides on what has to be claimed there, so it tries several ways.
func induct(original, result *image, assume []*Assumption) *induction {
	steps := inductionSteps
	var first *induction
	try := func(c cutting) *induction {
		d := &induction{images: [2]*image{original, result}, assume: assume, cutting: c, steps: steps, objects: objectsOf(original)}
		d.prove()
		steps = d.steps
		if first == nil || d.failed == "" {
			first = d
		}
		return d
	}
	for _, c := range []cutting{{}, {all: true}, {unrolled: 64}, {choices: true}, {all: true, kinds: true}} {
		if d := try(c); d.failed == "" {
			return d
		}
	}
	loops := result.loops()
	if len(loops) > maxLoops {
		return first
	}
	for _, from := range loops {
		for i, to := range result.body(from) {
			if i >= maxShifts {
				break
			}
			if d := try(cutting{all: true, from: from, to: to}); d.failed == "" || steps <= 0 {
				return first
			}
		}
	}
	return first
}

// prove tries it with the loops cut in one way.
func (d *induction) prove() {
	d.heads = [2]map[int64]bool{{}, {}}
	d.sites = [2]map[int64]bool{{}, {}}
	d.trusted = map[int64]map[*object]bool{}
	d.made, d.given, d.names = map[making]bool{}, map[making]bool{}, map[making]bool{}
	d.world = newWorld(d.images[0].abi)
	for _, a := range d.assume {
		maps.Copy(d.world.words, a.Words)
	}
	for i, im := range d.images {
		d.bases[i] = d.world.base(im)
		d.first[i] = d.process(im)
		d.first[i].configure(d.assume)
	}
	for round := 0; ; round++ {
		if round == inductionRounds {
			d.fail(nil, "there is too much to be found out")
			return
		}
		d.failed, d.again, d.nodes, d.queue = "", false, map[string]*node{}, nil
		d.setHeads()
		d.weaken()
		if !d.again {
			break
		}
	}
	if d.failed == "" {
		d.check()
	}
}

// setHeads notes where loops are cut from the beginning.
func (d *induction) setHeads() {
	if !d.cutting.all {
		return
	}
	for i, im := range d.images {
		for _, at := range im.loops() {
			if i == 1 && at == d.cutting.from {
				at = d.cutting.to
			}
			d.heads[i][at] = true
		}
	}
}

// fail notes why there is no proof.
func (d *induction) fail(r *route, format string, args ...any) {
	if d.failed != "" {
		return
	}
	d.failed = fmt.Sprintf(format, args...)
	if r != nil {
		for i := range d.at {
			_, d.at[i] = r.here[i].Split()
			if r.here[i].IsNumber() {
				n, _ := r.here[i].Constant()
				d.at[i] = int64(n)
			}
		}
	}
}

// where says at which block the proof fails, and why.
func (d *induction) where() string {
	if d.at == [2]int64{} {
		return "the proof by induction fails: " + d.failed
	}
	return fmt.Sprintf("the proof by induction fails in the block that leads to %#x, in the result to %#x: %s", d.at[0], d.at[1], d.failed)
}

func (d *induction) stopped() bool { return d.failed != "" || d.again }

// freshWorld returns a world in which no more is known than when the programs
// began.
func (d *induction) freshWorld() *world {
	return &world{d.abi, d.terms, d.facts.Fork(), d.world.words}
}

// begin returns the two programs where they begin.
func (d *induction) begin() *route {
	w := d.freshWorld()
	var processes [2]*process
	for i := range processes {
		processes[i] = d.first[i].fork()
	}
	return d.route(w, processes)
}

func (d *induction) route(w *world, processes [2]*process) *route {
	r := &route{pair: &pair{world: w, original: processes[0], result: processes[1]}, visited: [2]map[visit]visits{{}, {}}, steps: segmentSteps,
		ranges: map[*object]*extent{}, written: map[*object][2]int{}, entry: [2]int64{math.MaxInt64, math.MaxInt64}}
	r.evaluations = new(int) // none: whether values differ for certain does not matter here
	r.here = [2]machine.Term{processes[0].IP, processes[1].IP}
	d.bind(r)
	return r
}

// bind makes the processes of a route know what is known on it.
func (d *induction) bind(r *route) {
	for i, p := range r.processes() {
		p.Known = r.facts.Decide
		p.Memory.Oracle = &oracle{d, r, i}
		p.whole = func(call machine.Call, arg int, a *passed) bool {
			if i == 0 {
				return d.isWhole(r, call, a)
			}
			return r.waiting[0] && arg < len(r.stops[0].view.args) && r.stops[0].view.args[arg].whole
		}
		p.Memory.Watch = func(a machine.Access) { d.watch(r, i, a) }
		if i == 0 {
			p.Memory.Stored = func(address, x machine.Term) { d.stored(r, address, x) }
		}
	}
}

func (r *route) processes() [2]*process { return [2]*process{r.original, r.result} }

// weaken starts with relations that are too strong, and weakens each until it holds
// wherever a path ends at its pair of places.
func (d *induction) weaken() {
	d.explore(d.begin(), func(r *route) { d.arrive(nil, r) })
	for len(d.queue) > 0 && !d.stopped() {
		n := d.queue[0]
		d.queue = d.queue[1:]
		n.queued = false
		d.explore(n.relation.instantiate(d, n.ips), func(r *route) { d.arrive(n, r) })
	}
}

// arrive takes the end of a path into the relation there.
func (d *induction) arrive(from *node, r *route) {
	s, n := d.end(r)
	if s == nil {
		return
	}
	switch {
	case n.relation == nil:
		n.relation = d.generalize(s, s, false)
	case n.relation.holds(s, d) == "":
		return
	default:
		if n.weakened++; n.weakened > giveUpAfter {
			d.fail(r, "what is known there does not settle: %s", n.relation.holds(s, d))
			return
		}
		old, reason := d.snapshot(n.relation.instantiate(d, n.ips))
		if reason != "" {
			d.fail(r, "%s", reason)
			return
		}
		old.height = n.relation.height
		old.fill(s.order, d)
		s.fill(old.order, d)
		n.relation = d.generalize(old, s, n.weakened > widenAfter)
	}
	if !n.queued {
		n.queued = true
		d.queue = append(d.queue, n)
	}
}

// end returns the states at the end of a path, and the node there.
func (d *induction) end(r *route) (*snapshot, *node) {
	for i, p := range r.processes() {
		if r.waiting[i] {
			p.IP = r.here[i]
		}
	}
	s, reason := d.snapshot(r)
	if s != nil {
		d.steps -= workPerLocation * len(s.locations)
	}
	if d.stopped() {
		return nil, nil
	}
	if reason != "" {
		d.fail(r, "%s", reason)
		return nil, nil
	}
	key := d.keyOf(r)
	n := d.nodes[key]
	if n == nil {
		if len(d.nodes) == inductionNodes {
			d.fail(r, "there are too many blocks")
			return nil, nil
		}
		n = &node{key: key, ips: [2]machine.Term{r.original.IP, r.result.IP}}
		d.nodes[key] = n
	}
	return s, n
}

// keyOf tells pairs of places apart: by the next instructions, by the addresses to which
// the two will return, and, where few choices are cases, by the code whose addresses they
// keep in memory.
func (d *induction) keyOf(r *route) string {
	var printer machine.Printer
	printer.Name = machine.Unknown.String
	for i, p := range r.processes() {
		printer.Write(p.IP)
		for _, at := range d.returns(i, p) {
			printer.WriteString(" ")
			printer.Write(at)
		}
		if d.cutting.choices {
			for _, h := range d.held(i, p) {
				printer.WriteString(fmt.Sprintf(" %d:", h.offset))
				printer.Write(h.code)
			}
		}
		printer.WriteString(";")
	}
	if d.cutting.kinds {
		for _, x := range r.original.Registers {
			printer.WriteString(d.kindOf(r.facts.Simplify(x)))
		}
	}
	return printer.String()
}

// kindOf tells what a value is an address of, if that can be seen.
func (d *induction) kindOf(x machine.Term) string {
	base, _ := x.Split()
	if originOf(base) == machine.EntryWord {
		return "w"
	}
	if o := d.holder(x); o != nil && (x.IsNumber() || !d.bases[0].IsNumber()) {
		return fmt.Sprint(slices.Index(d.objects, o))
	}
	return "-"
}

// returns lists the addresses behind calls that were written to the stack, from its
// pointer on.
func (d *induction) returns(side int, p *process) []machine.Term {
	sp := p.Registers[machine.SP]
	_, offset := sp.Split()
	word := int64(p.image.abi.PointerSize)
	seen := map[int64]bool{}
	for _, c := range p.Memory.Changes() {
		if at := c.Offset - offset; c.Size == 0 && c.Base.Same(sp) && at >= 0 && at%word == 0 {
			seen[at] = true
		}
	}
	var list []machine.Term
	for _, at := range slices.Sorted(maps.Keys(seen)) {
		if x, ok := p.Memory.PeekWord(p.Terms.Add(sp, machine.Number(p.Bits, uint64(at))), int(word)); ok && d.isSite(side, x) {
			list = append(list, x)
		}
	}
	return list
}

// keeping is the address of code in a word of memory.
type keeping struct {
	offset int64
	code   machine.Term
}

// held lists the words of an image that were written and hold addresses of code: in the
// original, of what may be executed and is no data, in the result, of what may be executed
// and comes from the file.
func (d *induction) held(side int, p *process) []keeping {
	image, start := d.bases[side].Split()
	word := p.image.abi.PointerSize
	var list []keeping
	for _, c := range p.Memory.Changes() {
		if c.Size != 0 || !c.Base.Same(image) || d.inArray(side, c.Base, c.Offset) || c.Byte.Index != 0 {
			continue
		}
		x, ok := p.Memory.PeekWord(p.Terms.Add(d.bases[side], machine.Number(p.Bits, uint64(c.Offset-start))), word)
		if base, at := x.Split(); ok && base.Same(image) && d.isCode(side, uint64(at)) {
			list = append(list, keeping{c.Offset, x})
		}
	}
	slices.SortFunc(list, func(a, b keeping) int { return cmp.Compare(a.offset, b.offset) })
	return list
}

// isCode reports whether an address may be one of code.
func (d *induction) isCode(side int, at uint64) bool {
	if side == 0 && slices.ContainsFunc(d.objects, func(o *object) bool { return int64(at) >= o.low && int64(at) < o.high }) {
		return false
	}
	return slices.ContainsFunc(d.images[side].Segments, func(m elf.Mapping) bool {
		return m.Execute && at >= m.Low && at < m.High && m.Offset+(at-m.Low) < uint64(len(d.images[side].File))
	})
}

func (d *induction) isSite(side int, x machine.Term) bool {
	base, offset := x.Split()
	b, _ := d.bases[side].Split()
	return x.Width() == d.images[side].bits && base.Same(b) && d.sites[side][offset]
}

// check proves what was claimed: from every pair of places on, every path ends where
// the relation claimed there holds. It reads the relations and changes nothing.
func (d *induction) check() {
	d.explore(d.begin(), func(r *route) { d.confirm(nil, r) })
	for _, n := range d.nodes {
		n.edges = nil
	}
	for _, n := range slices.Collect(maps.Values(d.nodes)) {
		if d.stopped() {
			break
		}
		d.explore(n.relation.instantiate(d, n.ips), func(r *route) { d.confirm(n, r) })
	}
	if d.again {
		d.again = false
		d.fail(nil, "something new was found out too late")
	}
	if d.failed == "" {
		d.progress()
	}
	if d.failed == "" {
		d.checkNames()
	}
	if d.failed == "" {
		d.tryTrust()
	}
}

func (d *induction) confirm(from *node, r *route) {
	s, n := d.end(r)
	if s == nil {
		return
	}
	if n.relation == nil {
		d.fail(r, "a pair of places was not looked at")
		return
	}
	if reason := n.relation.holds(s, d); reason != "" {
		d.fail(r, "%s", reason)
		return
	}
	if from != nil {
		from.edges = append(from.edges, edge{n, r.moved})
	}
}

// progress makes sure that neither program goes round for ever while the other one
// waits: then one would end and the other not.
func (d *induction) progress() {
	for side := range 2 {
		state := map[*node]int{}
		var visit func(n *node) bool
		visit = func(n *node) bool {
			state[n] = 1
			for _, e := range n.edges {
				if e.moved[side] {
					continue
				}
				if state[e.to] == 1 || state[e.to] == 0 && !visit(e.to) {
					return false
				}
			}
			state[n] = 2
			return true
		}
		for _, n := range d.nodes {
			if state[n] == 0 && !visit(n) {
				d.fail(nil, "%s loops where the other does not", [2]string{"the result", "the original"}[side])
				return
			}
		}
	}
}

// explore follows both programs along all paths to the next cuts and calls arrive
// at the end of each.
func (d *induction) explore(r *route, arrive func(*route)) {
	paths := 0
	for todo := []*route{r}; len(todo) > 0 && !d.stopped(); {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if paths++; paths+len(todo) > segmentPaths {
			d.fail(r, "there are too many ways from there on")
			return
		}
		work := d.terms.Work()
		more := d.follow(r)
		d.steps -= (d.terms.Work() - work) / termsPerStep
		switch {
		case d.stopped() || r.dead:
		case more != nil:
			todo = append(todo, more...)
		case d.settle(r):
			arrive(r)
		}
	}
}

// follow runs both programs to their next cuts. Where a case has to be split first
// it returns the two.
func (d *induction) follow(r *route) []*route {
	for i := range r.processes() {
		for !r.atHead[i] && !r.waiting[i] && !r.ended[i] {
			if split, goesOn := d.step(r, i); !goesOn {
				return split
			}
		}
	}
	return nil
}

// step carries out one instruction of a program, unless that stands at a cut. Where a
// case has to be split first it returns the two; goesOn is false then, and where the
// route has come to its end.
func (d *induction) step(r *route, i int) (split []*route, goesOn bool) {
	p := r.processes()[i]
	if d.steps--; d.steps < 0 || d.images[0].ctx.Err() != nil || d.terms.Count() > inductionTerms {
		d.fail(r, "it takes too many steps")
		return nil, false
	}
	if r.steps--; r.steps < 0 {
		d.fail(r, "there are too many instructions between two cuts")
		return nil, false
	}
	if !r.split && d.cut(r, i, p) {
		return nil, !d.again
	}
	r.split = false
	r.here[i], p.at = p.IP, p.IP
	in, e := p.fetch()
	if in != nil {
		if d.cutting.choices {
			p.before = *p.State
		}
		e = p.Step(in)
	}
	if d.again || r.dead {
		return nil, false
	}
	if e.Kind == machine.Done {
		switch in.Form.Flow() {
		case x86.Call:
			d.note(i, r.here[i], in.Length)
		case x86.Branch:
			r.simplify(p)
		}
	}
	return d.after(r, i, e)
}

// after goes on from what came of an instruction.
func (d *induction) after(r *route, i int, e machine.Event) (split []*route, goesOn bool) {
	p, who := r.processes()[i], [2]string{"the original ", "the result "}[i]
	switch e.Kind {
	case machine.Done:
		r.moved[i] = true
	case machine.Fork:
		if undefined(e.Condition) {
			d.fail(r, "%sdecides on what the processor leaves undefined", who)
			return nil, false
		}
		return d.split(r, e.Condition), false
	case machine.SystemCall:
		r.waiting[i] = true
		r.simplify(p)
		r.stops[i] = &stop{event: e, view: p.view(p.Call(e.ABI), r.facts)}
		if i == 1 && r.skipsIdle() {
			p.Return(e.ABI, machine.Number(e.ABI.Bits, 0))
			r.waiting[i], r.moved[i], r.stops[i] = false, true, nil
		}
	case machine.Fault:
		if i == 0 && leaves(e) && !d.maps {
			// From here on the program has no meaning.
			p.refused(e)
			r.dead = true
			return nil, false
		}
		if i == 0 && leaves(e) {
			d.fail(r, "the original %s, and it may have mapped some there", e.Reason)
			return nil, false
		}
		r.ended[i], r.stops[i] = true, &stop{event: e}
	default:
		if d.cutting.choices {
			condition, ok := r.unclear(p, e)
			if ok && condition.Width() == 0 {
				r.split = true
				return nil, true
			} else if ok {
				return d.split(r, condition), false
			}
		}
		d.fail(r, "%s%s", who, e.Reason)
		return nil, false
	}
	return nil, true
}

// skipsIdle reports whether the result makes a call that does nothing.
func (r *route) skipsIdle() bool {
	v := r.stops[1].view
	return v.unclear() == "" && r.result.idles(v) && !(r.waiting[0] && r.original.idles(r.stops[0].view))
}

// note remembers the address behind a call.
func (d *induction) note(side int, at machine.Term, length int) {
	_, offset := at.Split()
	if at := offset + int64(length); !d.sites[side][at] {
		d.sites[side][at] = true
		d.again = len(d.nodes) > 0
	}
}

// cut reports whether a process stands where a loop is cut. A new loop is found by
// coming round.
func (d *induction) cut(r *route, side int, p *process) bool {
	_, at := p.IP.Split()
	if d.heads[side][at] {
		if r.moved[side] {
			r.atHead[side] = true
			r.here[side] = p.IP
		}
		return r.atHead[side]
	}
	looping := false
	for i, v := range []visit{{at, p.Registers[machine.SP]}, {ip: at}} {
		seen := r.visited[side][v]
		limit := 1
		switch {
		case i == 1:
			limit = max(maxVisits, d.cutting.unrolled)
		case seen.forks == r.forks:
			limit = max(limit, d.cutting.unrolled)
		}
		looping = looping || seen.count >= limit
		r.visited[side][v] = visits{seen.count + 1, r.forks}
	}
	if looping {
		d.heads[side][at] = true
		d.again = true
	}
	return looping
}

// split returns the cases in which a condition holds or not.
func (d *induction) split(r *route, condition machine.Term) []*route {
	var list []*route
	for _, p := range r.cases(condition) {
		if !d.restate(p.facts) {
			continue
		}
		c := *r
		c.pair, c.split = p, true
		c.forks++
		c.visited = [2]map[visit]visits{maps.Clone(r.visited[0]), maps.Clone(r.visited[1])}
		c.texts = slices.Clip(r.texts)
		c.accesses, c.sizes, c.words = slices.Clip(r.accesses), slices.Clip(r.sizes), slices.Clip(r.words)
		c.ranges, c.written = maps.Clone(r.ranges), maps.Clone(r.written)
		d.bind(&c)
		c.boundSizes()
		list = append(list, &c)
	}
	if list == nil {
		r.dead = true
	}
	return list
}

// simplify puts into the registers of a process what is known of them as a whole: of a
// part of one, taken later, less may be known.
func (r *route) simplify(p *process) {
	for n := range p.Registers {
		p.Registers[n] = r.facts.Simplify(p.Registers[n])
	}
}

// boundSizes notes that no more was done than the kernel was asked for, where that
// is known not to have failed.
func (r *route) boundSizes() {
	for _, s := range r.sizes {
		rest := r.terms.Sub(s.asked, s.result)
		if positive := uint64(1)<<(s.result.Width()-1) - 1; highest(r.facts, s.result) <= positive && !rest.IsNumber() {
			r.facts.Limit(rest, 0, highest(r.facts, s.asked))
		}
	}
}

// settle compares the calls where both programs make one, and has the kernel answer.
// It reports false where the path ends.
func (d *induction) settle(r *route) bool {
	if r.ended[0] || r.ended[1] {
		var events [2]machine.Event
		for i, s := range r.stops {
			if s != nil {
				events[i] = s.event
			}
		}
		if _, diff := r.ending(events[0], events[1]); diff != nil {
			d.fail(r, "%s", diff.text)
		}
		return false
	}
	if !r.waiting[0] || !r.waiting[1] {
		return true
	}
	// Other cases have the same stops.
	x, y := *r.stops[0], *r.stops[1]
	r.original.passesHeaders(x.view)
	d.received(r, x.view)
	if d.nameTexts(r, x.view) {
		d.fail(r, "the original %s", mayNameProcess)
		return false
	}
	x.view.args, y.view.args = slices.Clone(x.view.args), slices.Clone(y.view.args)
	d.handOver(r, &x.view, &y.view)
	if d.stopped() || r.dead {
		return false
	}
	for i, v := range []callView{x.view, y.view} {
		if reason := v.unclear(); reason != "" {
			d.fail(r, "%s", [2]string{"the original ", "the result "}[i]+reason)
			return false
		}
	}
	judge := func(x, y machine.Term) *difference { return r.judge(d.known(r.facts, x), d.known(r.facts, y)) }
	if diff := compare(d.calls, x.view, y.view, judge); diff != nil {
		d.fail(r, "%s", diff.text)
		return false
	}
	if diff := sees(x.view.Syscall, r.original.image, r.result.image); diff != nil {
		d.fail(r, "%s", diff.text)
		return false
	}
	if s := x.view.Syscall; s != nil && s.NoReturn() {
		return false
	}
	if len(x.view.overruns()) > 0 {
		d.fail(r, "the original passes more memory than its objects have")
		return false
	}
	if x.view.mapping() && !d.maps {
		d.maps, d.again = true, true
		return false
	}
	d.calls++
	d.answer(r, x.view, y.view)
	r.waiting = [2]bool{}
	r.moved = [2]bool{true, true}
	return true
}

// answer has the kernel answer a call.
func (d *induction) answer(r *route, x, y callView) {
	d.scatters++
	result := r.world.answer(x, []*process{r.original, r.result}, []callView{x, y}, d.scatters)
	for _, f := range r.after {
		f(result)
	}
	r.after, r.sizes = nil, nil
	if !isBounded(&x) {
		return
	}
	for i := range x.args {
		if asked, ok := r.lengthOf(&x, &x.args[i]); ok && x.args[i].Kind.Memory() {
			r.sizes = append(r.sizes, size{result, asked})
			if n, ok := asked.Constant(); ok && n < 1<<(x.ABI.Bits-1) {
				r.facts.Limit(result, failure, n)
			}
			return
		}
	}
}
