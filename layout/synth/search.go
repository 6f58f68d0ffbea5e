package synth

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"tasm/layout/elf"
)

// Limits of a search.
const (
	widest      = 64     // sizes above the floor that are tried
	arrangeMost = 256    // arrangements of the blobs on one site
	firstBudget = 1 << 7 // states per task in the first round
	growth      = 8      // of the budget from round to round
	rounds      = 5
)

// Search looks for the smallest file that does what the plan says under every
// result of the kernel. It returns ErrNone when it finds none.
func Search(p *Plan, o Options) (*Result, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if o.Loader == nil {
		o.Loader = elf.Linux
	}
	if o.MaxCharge == 0 {
		o.MaxCharge = elf.DefaultCharge
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	s := &search{plan: p, options: o, loader: o.Loader.WithCharge(o.MaxCharge), class: elf.Class(p.ABI.Bits / 32), sizes: map[int64]*sizeTasks{}}
	if !s.loader.Runs(s.class) {
		return nil, ErrNone
	}
	return s.run()
}

type search struct {
	plan    *Plan
	options Options
	loader  *elf.Loader
	class   elf.Class
	sizes   map[int64]*sizeTasks
	floor   int64
	best    *solution
	bestAt  int64
	nodes   atomic.Int64
}

// sizeTasks are the tasks for one size.
type sizeTasks struct {
	jobs []*job
	// spent is the budget that the unfinished tasks have had.
	spent int64
}

// job is a task to be prepared when its turn comes.
type job struct {
	site  *site
	blobs []int
	entry int
	slack int // see task.slack; known once the task is there
	task  *task
	done  bool // nothing is left to try
}

// run finds the floor, then searches the sizes from there on, in rounds of
// growing budget.
func (s *search) run() (*Result, error) {
	upper := s.options.Upper
	if upper <= 0 || upper > elf.PageSize {
		upper = elf.PageSize
	}
	for s.floor = 1; s.floor < upper; s.floor++ {
		if len(s.at(s.floor).jobs) > 0 {
			break
		}
	}
	if s.floor >= upper {
		return nil, ErrNone
	}
	s.bestAt = min(upper, s.floor+widest)
	s.first()
	budget := int64(firstBudget)
	if e := s.options.Effort; e >= 0 {
		budget <<= min(e, 30)
	} else {
		budget >>= min(-e, 8)
	}
	for range rounds {
		for size := s.floor; size < s.bestAt && s.options.Context.Err() == nil; size++ {
			if s.try(size, budget) {
				break
			}
		}
		budget *= growth
	}
	if s.best == nil {
		return nil, ErrNone
	}
	return s.result()
}

// first finds some file quickly: the search is easy where there is room.
func (s *search) first() {
	for step := int64(16); step > 0 && s.options.Context.Err() == nil; step /= 2 {
		for size := s.floor + step; size < s.bestAt; size += step {
			if s.try(size, firstBudget) {
				break
			}
		}
	}
}

// at prepares the tasks of a size.
func (s *search) at(size int64) *sizeTasks {
	if st := s.sizes[size]; st != nil {
		return st
	}
	st := &sizeTasks{}
	s.sizes[size] = st
	for _, p := range placements(s.class, size) {
		if p.Class == elf.Class32 && p.Type == elf.TypeDyn && len(s.plan.Blobs) > 0 {
			// No short instruction tells where such a file was loaded.
			continue
		}
		site := newSite(p, s.loader, s.plan)
		if site == nil {
			continue
		}
		list, _ := site.arrangements(s.plan.Blobs, int(size), arrangeMost)
		for _, blobs := range list {
			for _, entry := range site.entriesByPromise() {
				st.jobs = append(st.jobs, &job{site: site, blobs: blobs, entry: entry})
			}
		}
	}
	return st
}

// work runs a job within a budget of states.
func (s *search) work(j *job, budget int64) {
	if j.task == nil {
		if j.task = newTask(j.site, s.plan, j.entry, j.blobs); j.task == nil {
			j.done = true
			return
		}
		j.slack = j.task.slack()
	}
	j.task.search(budget)
	j.done = j.task.done
	s.nodes.Add(j.task.nodes)
}

// try runs the tasks of a size. It reports whether a file was found; of several
// the one from the first task counts.
func (s *search) try(size, budget int64) bool {
	st := s.at(size)
	if st.spent >= budget {
		return false
	}
	st.spent = budget
	st.jobs = slices.DeleteFunc(st.jobs, func(j *job) bool { return j.done })
	slices.SortStableFunc(st.jobs, func(a, b *job) int { return a.slack - b.slack })
	var next, winner atomic.Int64
	winner.Store(int64(len(st.jobs)))
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= winner.Load() || s.options.Context.Err() != nil {
					return
				}
				j := st.jobs[i]
				s.work(j, budget)
				for j.task != nil && j.task.found != nil {
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
	if w == int64(len(st.jobs)) {
		return false
	}
	s.best, s.bestAt = st.jobs[w].task.found, size
	if s.options.Progress != nil {
		s.options.Progress(size, s.floor, fmt.Sprintf("%v", s.best.site.placement))
	}
	return true
}

// entriesByPromise lists the offsets of the file: first those of bytes that are
// open in their whole run, then those of other open bytes, then the rest.
func (s *site) entriesByPromise() []int {
	s.once.Do(s.survey)
	if s.classes == nil {
		return nil
	}
	var lists [3][]int
	for i := range int(s.placement.Size) {
		class := 0
		if s.known[i] != 0 {
			class = 2
		} else if s.tricky[i] {
			class = 1
		}
		lists[class] = append(lists[class], i)
	}
	return slices.Concat(lists[:]...)
}
