package synth

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"tasm/layout/elf"
)

// Search looks for the smallest file that does what the plan says under every
// result of the kernel. It returns ErrNone when it finds none, and then a Result
// without Bytes if it knows a bound of the files in Whole.
func Search(p *Plan, o Options) (*Result, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	o.complete()
	s := newSearch(p, o)
	if !s.loader.Runs(s.class) {
		return nil, ErrNone
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	if !p.builds() || s.bestAt == s.floor {
		s.improve(totalBudget, s.bestAt)
		return s.result()
	}
	b := newSearch(p, o)
	b.options.Upper, b.builds, b.sites = s.bestAt, true, s.sites
	if err := b.begin(); err != nil {
		return nil, err
	}
	if len(p.Idle) == 0 {
		b.improve(buildBudget, s.bestAt)
		budget := int64(totalBudget)
		if b.best != nil { // messages in the file rarely do better
			budget /= buildShare
		}
		s.improve(budget, b.bestAt)
	} else if b.improve(idleBudget, s.bestAt); b.best == nil {
		s.improve(totalBudget, s.bestAt)
	}
	s.nodes, s.tried, s.chosen = s.nodes+b.nodes, min(s.tried, b.tried), s.chosen || b.chosen
	if b.best == nil || s.best != nil && s.best.size < b.best.size {
		return s.result()
	}
	b.nodes, b.tried, b.chosen = s.nodes, s.tried, s.chosen
	r, err := b.result()
	if r != nil {
		r.Bound = s.emptiest()
		r.Space = "files with one program header in which every piece of data lies whole, or is put together from words on the stack"
	}
	return r, err
}

// improve looks for a file that is smaller than the best one and than a size. When
// all is tried that the estimates leave, and more effort is asked for than usual,
// they are believed a byte less.
func (s *search) improve(budget, below int64) {
	s.bestAt = min(s.bestAt, below)
	switch {
	case s.long():
		budget /= longShare
	case !s.builds && s.bestAt-s.floor > farGap:
		budget *= farShare
	}
	s.allow(budget)
	for s.rounds(s.bestAt); s.exhausted(); s.rounds(s.bestAt) {
		s.tried = s.tolerance
		if !s.going() || s.tolerance >= min(s.options.Effort, maxTolerance) {
			break
		}
		s.tolerance++
		for _, st := range s.sizes {
			for _, j := range st.jobs {
				j.task, j.done, j.full = nil, false, false
			}
		}
	}
}

// long reports whether the program makes more than a few calls.
func (s *search) long() bool { return len(s.plan.Calls) > fewCalls }

// onStack reports whether a message is put together on the stack, by a program that
// makes no calls besides its own, which would take another search.
func (s *search) onStack() bool { return s.builds && len(s.plan.Idle) == 0 }

// exhausted reports whether all is tried below the size of the best file.
func (s *search) exhausted() bool {
	for size := s.bound; size < s.bestAt; size++ {
		st := s.at(size)
		if st.cut || slices.ContainsFunc(st.jobs, func(j *job) bool { return !j.done || j.full }) {
			return false
		}
		s.chosen = s.chosen || st.left
	}
	return true
}

// emptiest returns the size in bytes of the smallest file that there is for a
// program without data.
func (s *search) emptiest() int64 {
	e := newSearch(&Plan{ABI: s.plan.ABI, Calls: s.plan.Calls}, s.options)
	size := int64(1)
	for len(e.at(size).jobs) == 0 {
		size++
	}
	return size
}

func newSearch(p *Plan, o Options) *search {
	loader := o.Loader.WithCharge(o.MaxCharge)
	if len(p.Blobs) > 0 {
		loader = loader.For(elf.Needs{Read: true})
	}
	return &search{
		plan: p, options: o, loader: loader, class: elf.Class(p.ABI.Bits / 32),
		sizes: map[int64]*sizeTasks{}, sites: map[elf.Placement]placed{}, tried: -1,
	}
}

type search struct {
	plan      *Plan
	options   Options
	loader    *elf.Loader
	class     elf.Class
	sizes     map[int64]*sizeTasks
	sites     map[elf.Placement]placed
	floor     int64 // bytes of the smallest file for which there are tasks
	bound     int64 // no file has fewer bytes
	best      *solution
	bestAt    int64
	forget    bool  // tasks begin anew in every round
	tolerance int   // see task.tolerance
	tried     int   // see Result.Tried
	chosen    bool  // see Result.Chosen
	nodes     int64 // states looked at
	budget    int64
	builds    bool // one of the blobs is put together on the stack
	all       bool // no task is left out because there are many
	gaveUp    bool // the rules of the loader were too much for a placement
}

// sizeTasks are the tasks for one size.
type sizeTasks struct {
	jobs []*job
	cut  bool // there were too many
	left bool // some ways to arrange the data were left out
}

// job is a task to be prepared when its turn comes.
type job struct {
	site  *site
	size  int
	blobs []int
	build *build
	first bool // the blobs lie as far back as possible
	entry int
	slack int // see task.slack; known once the task is there
	task  *task
	nodes int64 // that the last run took
	found *solution
	done  bool // nothing is left to try
	full  bool // more was left than memory has room for
}

// begin finds the floor, the smallest size with tasks, then some file, and looks for
// one of the size of the floor. Where there is none below the upper limit, that becomes
// the floor. There is no file below the bound, which is smaller where not all ways to
// arrange the data could be tried.
func (s *search) begin() error {
	upper := s.options.Upper
	if upper <= 0 || upper > elf.PageSize {
		upper = elf.PageSize
	}
	for s.floor = 1; s.floor < upper; s.floor++ {
		st := s.at(s.floor)
		if s.bound == 0 && (len(st.jobs) > 0 || st.left || s.gaveUp) {
			s.bound = s.floor
		}
		if len(st.jobs) > 0 {
			break
		}
		if err := s.options.Context.Err(); err != nil {
			return err
		}
	}
	if s.bound == 0 {
		s.bound = s.floor
	}
	s.bestAt = min(upper, s.floor+widest)
	budget := int64(floorBudget)
	if s.onStack() {
		budget /= buildShare
	}
	s.allow(budget)
	s.first()
	s.rounds(s.floor + 1)
	return nil
}

// allow grants states to look at: so many with the default effort.
func (s *search) allow(budget int64) {
	if e := s.options.Effort; e >= 0 {
		budget <<= min(e, 30)
	} else {
		budget >>= min(-e, 20)
	}
	s.budget = s.nodes + budget
}

// rounds searches the sizes from the floor up to one, in rounds of growing budget.
func (s *search) rounds(end int64) {
	for round := range rounds {
		budget := int64(sizeBudget) << round
		if s.onStack() {
			s.downwards(end, budget)
			continue
		}
		for size := s.floor; size < min(end, s.bestAt) && s.going(); size++ {
			s.try(size, s.within(budget))
			s.spare()
		}
	}
}

// downwards is a round in which the largest size comes first, and each has half the
// budget of the one above: of messages on the stack there are many ways that almost fit.
func (s *search) downwards(end, budget int64) {
	for size := min(end, s.bestAt) - 1; size >= s.floor && s.going(); size = min(size, s.bestAt) - 1 {
		s.try(size, s.within(budget))
		s.spare()
		budget /= 2
	}
}

// within bounds the budget of a round of a longer program by what is left: there are so
// many tasks that a round could take twice that.
func (s *search) within(budget int64) int64 {
	if s.long() {
		return min(budget, s.budget-s.nodes)
	}
	return budget
}

// spare frees memory when the tasks together keep too much.
func (s *search) spare() {
	kept := 0
	for _, st := range s.sizes {
		for _, j := range st.jobs {
			if j.task != nil {
				kept += j.task.kept()
			}
		}
	}
	if kept < allSteps {
		return
	}
	s.forget = true
	for _, st := range s.sizes {
		for _, j := range st.jobs {
			if j.task != nil {
				j.task.reset()
			}
		}
	}
}

// going reports whether there is budget left.
func (s *search) going() bool {
	return s.nodes < s.budget && s.options.Context.Err() == nil
}

// first finds some file quickly: the search is easy where there is room, the data
// lie at the end, and the entry is at the beginning of a run of open bytes or of
// decided ones.
func (s *search) first() {
	if s.floor+firstStep >= s.bestAt {
		return // a file is known that is hardly larger
	}
	for budget := int64(firstBudget); s.best == nil && budget <= firstMost && s.going(); budget *= 8 {
		for step, last := int64(firstStep), false; s.best == nil && !last; step *= 2 {
			size := min(s.floor+step, s.bestAt-1)
			last = size == s.bestAt-1
			jobs := s.easy(size)
			most := max(firstBudget, (s.budget-s.nodes)/int64(max(len(jobs), 1)))
			s.attempt(jobs, size, func(*job) int64 { return min(budget, most) })
		}
	}
	for step := (s.bestAt - s.floor) / 2; step > 0 && s.going(); step /= 2 {
		s.attempt(s.easy(s.floor+step), s.floor+step, func(*job) int64 { return firstBudget })
	}
}

// easy lists the tasks of a size that first tries.
func (s *search) easy(size int64) []*job {
	var list []*job
	for _, j := range s.at(size).jobs {
		open := j.site.plain(j.entry)
		if j.first && (!open && !j.site.tricky[j.entry] || open && (j.entry == 0 || !j.site.plain(j.entry-1))) {
			list = append(list, j)
		}
	}
	return list
}

// plain reports whether nothing restricts the byte at an offset.
func (s *site) plain(offset int) bool { return s.known[offset] == 0 && !s.tricky[offset] }

// at prepares the tasks of a size.
func (s *search) at(size int64) *sizeTasks {
	if st := s.sizes[size]; st != nil {
		return st
	}
	st := &sizeTasks{}
	s.sizes[size] = st
	for _, p := range elf.Placements(s.class, size) {
		if p.Class == elf.Class32 && p.Type == elf.TypeDyn && len(s.plan.Blobs) > 0 && !s.builds {
			// No short instruction tells where such a file was loaded.
			continue
		}
		site := s.site(p)
		if site == nil {
			continue
		}
		if st.cut = s.long() && !s.all && len(st.jobs)>>max(0, min(s.options.Effort, 30)) >= mostJobs; st.cut {
			break
		}
		if s.builds {
			s.addBuilds(st, site, int(size))
		} else {
			s.addArrangements(st, site, int(size))
		}
	}
	if s.builds {
		st.prefer(!s.onStack())
	}
	return st
}

// addArrangements adds the tasks of a site for each way to lay the data into the file.
func (s *search) addArrangements(st *sizeTasks, site *site, size int) {
	most := arrangeMost
	if s.all {
		most = arrangeAll
	}
	list, all := site.arrangements(s.plan.Blobs, size, most)
	st.left = st.left || !all
	for i, blobs := range list {
		st.add(site, size, blobs, nil, i == 0)
	}
}

// addBuilds adds the tasks of a site for each way to put one of the blobs together on the
// stack.
func (s *search) addBuilds(st *sizeTasks, site *site, size int) {
	for i := range s.plan.Blobs {
		builds, list, all := site.builds(s.plan, i, size, s.all)
		st.left = st.left || !all
		for j, blobs := range list {
			if len(s.plan.Idle) == 0 || s.all || builds[j].room.bytes >= leastRoom {
				st.add(site, size, blobs, builds[j], false)
			}
		}
	}
}

// prefer has those tasks go first that leave most room for code, or, where such tasks
// take long, those of one way to put a message together.
func (st *sizeTasks) prefer(one bool) {
	better := func(a, b *job) int {
		if p, q := a.site.Placement, b.site.Placement; !one && p.Type != q.Type {
			return cmp.Compare(q.Type, p.Type) // ET_DYN is hardly ever smaller
		}
		return a.build.room.compare(b.build.room)
	}
	var best *job
	for _, j := range st.jobs {
		if best == nil || better(j, best) > 0 {
			best = j
		}
	}
	for _, j := range st.jobs {
		j.first = j.build == best.build || !one && better(j, best) == 0
	}
}

// add adds the tasks for an arrangement of the blobs.
func (st *sizeTasks) add(site *site, size int, blobs []int, b *build, first bool) {
	for _, entry := range site.entriesByPromise(size) {
		if site.start(entry).known == nil {
			continue
		}
		st.jobs = append(st.jobs, &job{site: site, size: size, blobs: blobs, build: b, first: first, entry: entry})
	}
}

// site returns the site of a placement; nil if there is no such file.
func (s *search) site(p elf.Placement) *site {
	made, ok := s.sites[p]
	if !ok {
		made = s.survey(p)
		s.sites[p] = made
	}
	s.gaveUp = s.gaveUp || made.gaveUp
	return made.site
}

// placed is what came of a placement: a site, or none, perhaps because the rules of
// the loader were too much.
type placed struct {
	site   *site
	gaveUp bool
}

func (s *search) survey(p elf.Placement) placed {
	tape, gaveUp := elf.NewTape(p, s.loader)
	if tape == nil {
		return placed{gaveUp: gaveUp}
	}
	if p.Size >= int64(len(tape.Known)) {
		p.Size = 0 // nothing depends on it
	}
	if found, ok := s.sites[p]; ok {
		return found
	}
	if p != tape.Placement {
		tape, _ = elf.NewTape(p, s.loader)
	}
	made := placed{site: newSite(tape)}
	s.sites[p] = made
	return made
}

// work runs a job.
func (s *search) work(j *job, budget int64) {
	j.nodes = 0
	if j.task == nil {
		j.nodes = taskCost
		if j.task = newTask(j.site, s.plan, j.size, j.entry, j.blobs, j.build); j.task == nil {
			j.done = true
			return
		}
		j.task.tolerance = s.tolerance
		if j.slack = j.task.slack(); j.slack < 0 {
			j.task, j.done = nil, true
			return
		}
	}
	j.task.search(s.options.Context, budget)
	j.nodes += j.task.nodes + askCost*j.task.asked
	j.found, j.done, j.full = j.task.found, j.task.done, j.task.full
	switch {
	case j.done || j.found != nil:
		j.task = nil // and the memory that it takes
	case s.forget:
		j.task.reset()
	}
}

// try runs all tasks of a size that are not finished. Those whose data lie as far
// back as they can, where they are least in the way, get three quarters of the
// budget.
func (s *search) try(size int64, budget int64) bool {
	st := s.at(size)
	for _, part := range [...]struct {
		first  bool
		budget int64
	}{{true, budget * 3 / 4}, {false, budget / 4}} {
		var jobs []*job
		for _, j := range st.jobs {
			if j.first == part.first && !j.done {
				jobs = append(jobs, j)
			}
		}
		if len(jobs) == 0 {
			continue
		}
		slices.SortStableFunc(jobs, func(a, b *job) int { return a.slack - b.slack })
		all := int64(0)
		for _, j := range jobs {
			all += j.weight()
		}
		if s.attempt(jobs, size, func(j *job) int64 { return max(part.budget*j.weight()/all, leastBudget) }) {
			return true
		}
	}
	return false
}

// weight is the share of the budget that a job gets: the less may be wasted, the
// sooner all is tried.
func (j *job) weight() int64 { return 1 << 8 / int64(2+max(j.slack, 0)) }

// attempt runs tasks for a size. It reports whether a file was found; of several
// the one from the first task counts.
func (s *search) attempt(jobs []*job, size int64, budget func(*job) int64) bool {
	if s.long() {
		// Preparing many tasks alone can use up what is left.
		jobs = jobs[:min(int64(len(jobs)), 1+max(0, s.budget-s.nodes)/(taskCost+leastBudget))]
	}
	var next, winner atomic.Int64
	winner.Store(int64(len(jobs)))
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= winner.Load() || s.options.Context.Err() != nil {
					return
				}
				j := jobs[i]
				s.work(j, budget(j))
				for j.found != nil {
					w := winner.Load()
					if i >= w || winner.CompareAndSwap(w, i) {
						break
					}
				}
			}
		})
	}
	group.Wait()
	w := winner.Load()
	for i, j := range jobs {
		// What ran behind the winner depends on the order of events.
		if int64(i) <= w {
			s.nodes += j.nodes
		}
	}
	if w == int64(len(jobs)) {
		return false
	}
	s.best, s.bestAt = jobs[w].found, size
	for other, st := range s.sizes {
		if other >= size {
			st.jobs = nil // and what their tasks hold
		}
	}
	if s.options.Progress != nil {
		s.options.Progress(size, s.bound, s.best.site.Placement.String())
	}
	return true
}

// entriesByPromise lists the offsets of the file: first those of bytes that are
// open in their whole run, then those of other open bytes, then the rest.
func (s *site) entriesByPromise(size int) []int {
	s.once.Do(s.survey)
	if s.classes == nil {
		return nil
	}
	var lists [3][]int
	for i := range size {
		class := 0
		if s.known[i] != 0 {
			class = 2
		} else if !s.plain(i) {
			class = 1
		}
		lists[class] = append(lists[class], i)
	}
	return slices.Concat(lists[:]...)
}
