package synth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tasm/layout/elf"
)

// Exhaustion tries all tasks for one size to their end. The tasks are numbered in an
// order that depends on the plan and the options alone, so that several processes can
// share them, and each can be run again by itself.
type Exhaustion struct {
	size    int64
	context context.Context
	// searches are two where messages may be put together on the stack: the tasks of
	// the second come behind those of the first.
	searches []*search
	starts   []int // the number of the first task of each
	tasks    int
	left     bool
}

// Outcome is how a task has ended.
type Outcome uint8

const (
	Open       Outcome = iota // it did not come to its end
	Impossible                // the headers and the places of the data exclude each other
	Hopeless                  // by the estimates there is too little room
	Exhausted                 // all was tried that the estimates leave
	Found                     // there is a file
)

var outcomes = [...]string{"open", "impossible", "hopeless", "exhausted", "found"}

func (o Outcome) String() string { return outcomes[o] }

// Ended reports whether an outcome, by its name, is the end of a task.
func Ended(name string) bool { return slices.Index(outcomes[:], name) > int(Open) }

// Trial is what running a task has shown.
type Trial struct {
	Outcome Outcome
	States  int64  // looked at
	Digest  uint64 // of these states, in their order
	File    []byte // of Found
}

// Strict as a margin asks for all code of a space, but for what can't succeed (type
// strict).
const Strict = -1

// Exhaust prepares the tasks for files of a size in bytes. Estimates are taken to be
// wrong by up to margin bytes; with Strict there are none.
func Exhaust(p *Plan, o Options, size int64, margin int) (*Exhaustion, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	o.complete()
	x := &Exhaustion{size: size, context: o.Context}
	for _, builds := range []bool{false, true} {
		if builds && !p.builds() {
			continue
		}
		s := newSearch(p, o)
		if s.builds, s.tolerance, s.all = builds, margin, true; !s.loader.Runs(s.class) {
			return nil, ErrNone
		}
		st := s.at(size)
		x.searches, x.starts = append(x.searches, s), append(x.starts, x.tasks)
		x.tasks += len(st.jobs)
		x.left = x.left || st.left || s.gaveUp || slices.ContainsFunc(st.jobs, func(j *job) bool { return j.site.classes.Model().GaveUp() })
	}
	return x, nil
}

// Tasks returns how many tasks there are. Where there are none, no placement of the
// headers agrees with the data, wherever these lie.
func (x *Exhaustion) Tasks() int { return x.tasks }

// Whole reports whether the tasks are all of the space: none was left out because
// there are too many ways to arrange the data, or because the rules of the loader could
// not be worked through.
func (x *Exhaustion) Whole() bool { return !x.left }

// task returns the search that a task belongs to, and the task.
func (x *Exhaustion) task(i int) (*search, *job) {
	k := len(x.starts) - 1
	for i < x.starts[k] {
		k--
	}
	return x.searches[k], x.searches[k].at(x.size).jobs[i-x.starts[k]]
}

// Describe says what a task is about: a placement, an entry, where the data lie.
func (x *Exhaustion) Describe(i int) string {
	_, j := x.task(i)
	text := fmt.Sprintf("%v, entry %d", j.site.Placement, j.entry)
	var data []string
	for b, at := range j.blobs {
		if j.build != nil && j.build.blob == b {
			data = append(data, "on the stack from "+j.build.String())
			continue
		}
		data = append(data, fmt.Sprint(at))
	}
	if len(data) > 0 {
		text += ", data at " + strings.Join(data, ", ")
	}
	return text
}

// Run runs a task to its end, or until it has looked at so many states, or the context
// ends. It may be called for several tasks at once.
func (x *Exhaustion) Run(i int, states int64) (Trial, error) {
	s, j := x.task(i)
	t := newTask(j.site, s.plan, j.size, j.entry, j.blobs, j.build)
	if t == nil {
		return Trial{Outcome: Impossible}, nil
	}
	if s.tolerance == Strict {
		return newStrict(t).all(x.context, s, states)
	}
	if t.tolerance = s.tolerance; t.slack() < 0 {
		return Trial{Outcome: Hopeless}, nil
	}
	t.search(x.context, states)
	return t.trial(s, t.done && !t.full)
}

// trial returns what running a task has shown.
func (t *task) trial(s *search, all bool) (Trial, error) {
	r := Trial{States: t.nodes, Digest: t.digest}
	switch {
	case t.found != nil:
		one := newSearch(s.plan, s.options)
		one.best = t.found
		file, err := one.result()
		if err != nil {
			return r, err
		}
		r.Outcome, r.File = Found, file.Bytes
	case all:
		r.Outcome = Exhausted
	}
	return r, nil
}

// Estimate is how large a task is.
type Estimate struct {
	Outcome  Outcome // Impossible or Hopeless; else Open, or Found where there is a file
	States   float64 // about; those that can be reached in several ways count several times
	Variance float64 // of it
}

// Estimate estimates how many states there are in a task, with Strict as the margin,
// from so many ways through it that are taken by chance.
func (x *Exhaustion) Estimate(i, ways int) Estimate {
	_, j := x.task(i)
	t := newTask(j.site, x.searches[0].plan, j.size, j.entry, j.blobs, j.build)
	if t == nil {
		return Estimate{Outcome: Impossible}
	}
	return newStrict(t).estimate(x.context, uint64(i), ways)
}

// complete puts the defaults in place of what is not said.
func (o *Options) complete() {
	if o.Loader == nil {
		o.Loader = elf.Linux
	}
	if o.MaxCharge == 0 {
		o.MaxCharge = elf.DefaultCharge
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
}
