package layout

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"tasm/diag"
	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/layout/synth"
	"tasm/program"
)

// Certificate says what was tried to find a file of one size that does what a program
// does, and with what result. Parts of one, made by several processes, can be merged,
// and each of its tasks can be run again.
type Certificate struct {
	Version int `json:"version"` // of this form
	Claim
	// Tasks is how many tasks there are, and Whole that no more belong to the space.
	Tasks int  `json:"tasks"`
	Whole bool `json:"whole"`
	// Tried are the tasks with a result, in their order.
	Tried []Trial `json:"tried"`
}

// certificateVersion is the number of the form of a Certificate.
const certificateVersion = 1

// Claim is what a certificate is about: there is no such file.
type Claim struct {
	Program   string   `json:"program"` // SHA-256 of the program as layout plain makes it
	Target    string   `json:"target"`
	Loader    string   `json:"loader"`
	Rules     string   `json:"rules"`     // SHA-256 of the loader's rules
	MaxCharge uint64   `json:"maxCharge"` // in bytes
	Assume    []string `json:"assume"`
	Size      int64    `json:"size"` // in bytes
	// Margin is by how many bytes the estimates were taken to be wrong, or Strict.
	Margin int    `json:"margin"`
	Space  string `json:"space"` // of what files and what code
}

// Trial is the result of one task.
type Trial struct {
	Task    int    `json:"task"`
	Where   string `json:"where"`
	Outcome string `json:"outcome"` // a synth.Outcome
	States  int64  `json:"states"`
	Digest  string `json:"digest"`         // of the states, in the order in which they were looked at
	File    string `json:"file,omitempty"` // in hexadecimal, where there is one
}

// proofSpace is the space of a certificate with tasks.
const proofSpace = oneHeader + ", or in words that are pushed; code of the instructions that the search offers, as far as its estimates leave it with this margin; states told apart by 64 bits"

// strictSpace is the same with Strict as the margin.
const strictSpace = oneHeader + ", or in words that are pushed; code that runs forwards, of the instructions that the search knows, 10 bytes each at most, with any immediate of one byte, and of four bytes with a number or an address that a call asks for, a number next to it or one that leads to it, or anything on which nothing depends; displacements of four bytes, immediates beside operands in memory, displacements beside an index, and those from the stack pointer that are no whole words in decided bytes alone; no register but the stack pointer points at the stack unless a call asks for that; no instruction makes two values of use at once (MUL, XCHG of bytes); states told apart by 64 bits"

// Strict as a margin asks for all of a space of code to be tried.
const Strict = synth.Strict

// emptySpace is the space of a certificate without tasks.
const emptySpace = oneHeader + ", whatever the code"

const oneHeader = "files of this size with one program header, for linux/386 of type ET_EXEC if there are data, in which every piece of data lies whole"

// Prover runs the tasks of a claim.
type Prover struct {
	Certificate
	tasks *synth.Exhaustion
}

// NewProver prepares the claim that no file of a size in bytes does what a program
// does. Estimates are taken to be wrong by up to margin bytes. The messages say why
// there is none; such are programs that are no straight run of system calls.
func NewProver(p *program.Program, opts Options, size int64, margin int) (*Prover, *diag.Bag) {
	plain, loader, messages := start(p, opts)
	if loader == nil {
		return nil, messages
	}
	fail := func(reason string) (*Prover, *diag.Bag) {
		messages.Add(diag.Errorf(diag.Range{}, "nothing can be proved: the program %s", reason))
		return nil, messages
	}
	trace, reason := equiv.Run(plain.Bytes)
	if trace == nil {
		return fail(reason)
	}
	plan, reason := planOf(trace)
	if plan == nil {
		return fail(reason)
	}
	g := &golfer{opts: opts}
	g.assume(plan)
	loader = boundOf(plain, flow.Build(p), loader).loader
	tasks, err := synth.Exhaust(plan, synth.Options{Loader: loader, MaxCharge: opts.MaxCharge, Context: opts.Context}, size, margin)
	if err != nil {
		return fail("can't be searched for: " + err.Error())
	}
	c := Certificate{Version: certificateVersion, Tasks: tasks.Tasks(), Whole: tasks.Whole(), Claim: Claim{
		Program: fmt.Sprintf("%x", sha256.Sum256(plain.Bytes)), Target: p.Target, Loader: loader.Name, Rules: loader.Digest(),
		MaxCharge: cmp.Or(opts.MaxCharge, elf.DefaultCharge), Assume: append([]string{}, opts.Assume...), Size: size, Margin: margin, Space: proofSpace,
	}, Tried: []Trial{}}
	switch {
	case c.Tasks == 0:
		c.Space = emptySpace
	case margin == Strict:
		c.Space = strictSpace
	}
	return &Prover{c, tasks}, messages
}

// Shard is the part of the tasks whose numbers, counted from 1, leave the remainder of
// Index when divided by Count. The zero value stands for all.
type Shard struct{ Index, Count int }

func (s Shard) has(task int) bool { return s.Count == 0 || (task+1)%s.Count == s.Index%s.Count }

// Left lists the tasks of a shard that have no result yet.
func (p *Prover) Left(s Shard) []int {
	tried := map[int]bool{}
	for _, t := range p.Tried {
		tried[t.Task] = true
	}
	var list []int
	for i := range p.Tasks {
		if s.has(i) && !tried[i] {
			list = append(list, i)
		}
	}
	return list
}

// Run runs tasks, each until it has looked at so many states, and adds their results
// to the certificate; those that do not come to an end have none. save is called with
// the certificate from time to time, one call at a time.
func (p *Prover) Run(ctx context.Context, tasks []int, states int64, save func(*Certificate) error) error {
	var lock sync.Mutex
	var failed error
	p.each(ctx, tasks, func(i int) bool {
		t, err := p.run(i, states)
		lock.Lock()
		defer lock.Unlock()
		if err == nil && t.Outcome != synth.Open.String() {
			at, _ := slices.BinarySearchFunc(p.Tried, i, func(t Trial, i int) int { return t.Task - i })
			p.Tried = slices.Insert(p.Tried, at, t)
			err = save(&p.Certificate)
		}
		failed = cmp.Or(failed, err)
		return failed == nil
	})
	return failed
}

// each calls f for tasks, as many at once as there are processors, until it returns
// false or the context ends.
func (p *Prover) each(ctx context.Context, tasks []int, f func(task int) bool) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(tasks)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if !f(tasks[i]) {
					next.Store(int64(len(tasks)))
				}
			}
		})
	}
	group.Wait()
}

func (p *Prover) run(i int, states int64) (Trial, error) {
	r, err := p.tasks.Run(i, states)
	t := Trial{Task: i, Where: p.tasks.Describe(i), Outcome: r.Outcome.String(), States: r.States, Digest: fmt.Sprintf("%016x", r.Digest)}
	if r.File != nil {
		t.File = fmt.Sprintf("%x", r.File)
	}
	return t, err
}

// Estimate is how large a task is.
type Estimate struct {
	Task  int
	Where string
	synth.Estimate
}

// Estimate estimates how many states there are in tasks, with Strict as the margin, from
// so many ways through each that are taken by chance.
func (p *Prover) Estimate(ctx context.Context, tasks []int, ways int) []Estimate {
	list := make([]Estimate, len(tasks))
	at := make([]int, len(tasks))
	for k := range at {
		at[k] = k
	}
	p.each(ctx, at, func(k int) bool {
		list[k] = Estimate{tasks[k], p.tasks.Describe(tasks[k]), p.tasks.Estimate(tasks[k], ways)}
		return true
	})
	return list
}

// Resume takes over the results of a certificate of the same claim.
func (p *Prover) Resume(c *Certificate) error {
	if err := p.agrees(c); err != nil {
		return err
	}
	p.Tried = c.Tried
	return nil
}

// Check runs again a sample of the tasks of a certificate, evenly taken, and reports
// how many; all of them where sample is 0. It returns an error when the certificate is
// of another claim, or a task ends in another way than it says.
func (p *Prover) Check(ctx context.Context, c *Certificate, sample int) (int, error) {
	if err := p.agrees(c); err != nil {
		return 0, err
	}
	n := len(c.Tried)
	if sample == 0 || sample > n {
		sample = n
	}
	var list []int
	for k := range sample {
		list = append(list, k*n/sample)
	}
	var lock sync.Mutex
	var failed error
	p.each(ctx, list, func(k int) bool {
		want := c.Tried[k]
		got, err := p.run(want.Task, min(want.States, maxStates)+spareStates)
		if err == nil && got != want && ctx.Err() == nil {
			err = fmt.Errorf("task %d ends otherwise than the certificate says: %s after %d states, with digest %s, not %s after %d, with %s", want.Task, got.Outcome, got.States, got.Digest, want.Outcome, want.States, want.Digest)
		}
		lock.Lock()
		defer lock.Unlock()
		failed = cmp.Or(failed, err)
		return failed == nil
	})
	return sample, cmp.Or(failed, ctx.Err())
}

// agrees reports whether a certificate is of this claim and these tasks.
func (c *Certificate) agrees(o *Certificate) error {
	for _, x := range []struct {
		name      string
		mine, its any
	}{
		{"another form", c.Version, o.Version}, {"another program", c.Program, o.Program}, {"another target", c.Target, o.Target}, {"another loader", c.Loader, o.Loader},
		{"another bound of memory", c.MaxCharge, o.MaxCharge}, {"other rules", c.Rules, o.Rules}, {"other assumptions", fmt.Sprint(c.Assume), fmt.Sprint(o.Assume)},
		{"another size", c.Size, o.Size}, {"another margin", c.Margin, o.Margin}, {"another space", c.Space, o.Space}, {"another number of tasks", c.Tasks, o.Tasks}, {"another extent", c.Whole, o.Whole},
	} {
		if x.mine != x.its {
			return fmt.Errorf("the certificate is of %s: %v, not %v", x.name, x.its, x.mine)
		}
	}
	return nil
}

// Merge makes one certificate of several of the same claim.
func Merge(parts []*Certificate) (*Certificate, error) {
	if len(parts) == 0 {
		return nil, errors.New("there are no certificates")
	}
	whole := *parts[0]
	whole.Tried = []Trial{}
	known := map[int]Trial{}
	for _, part := range parts {
		if err := whole.agrees(part); err != nil {
			return nil, err
		}
		for _, t := range part.Tried {
			if old, again := known[t.Task]; again && old != t {
				return nil, fmt.Errorf("two certificates say different things of task %d", t.Task)
			} else if !again {
				whole.Tried = append(whole.Tried, t)
			}
			known[t.Task] = t
		}
	}
	slices.SortFunc(whole.Tried, func(a, b Trial) int { return a.Task - b.Task })
	return &whole, nil
}

// ReadCertificate reads a certificate in JSON without trust.
func ReadCertificate(text []byte) (*Certificate, error) {
	c := &Certificate{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("it is no certificate: %w", err)
	}
	if c.Version != certificateVersion {
		return nil, fmt.Errorf("it is no certificate of version %d", certificateVersion)
	}
	last := -1
	for _, t := range c.Tried {
		if t.Task <= last || t.Task >= c.Tasks || t.States < 0 {
			return nil, fmt.Errorf("it is no certificate: task %d is out of order", t.Task)
		}
		if !synth.Ended(t.Outcome) {
			return nil, fmt.Errorf("it is no certificate: '%s' is no end of task %d", t.Outcome, t.Task)
		}
		last = t.Task
	}
	return c, nil
}

// Found returns the task that has found a file; nil where none has.
func (c *Certificate) Found() *Trial {
	for i := range c.Tried {
		if c.Tried[i].Outcome == synth.Found.String() {
			return &c.Tried[i]
		}
	}
	return nil
}

// Complete reports whether all of the space was tried.
func (c *Certificate) Complete() bool { return c.Whole && len(c.Tried) == c.Tasks }

// States is how many states were looked at in all.
func (c *Certificate) States() int64 {
	sum := int64(0)
	for _, t := range c.Tried {
		sum += t.States
	}
	return sum
}

// String tells what the certificate shows.
func (c *Certificate) String() string {
	switch {
	case c.Found() != nil:
		return fmt.Sprintf("there is a file of %d bytes (task %d)", c.Size, c.Found().Task)
	case c.Tasks == 0 && c.Whole:
		return fmt.Sprintf("proved: there is no file of %d bytes: no placement of the headers agrees with the data", c.Size)
	case c.Complete() && c.Margin == Strict:
		return fmt.Sprintf("proved: there is no file of %d bytes in the space that the certificate names: %d tasks, %d states", c.Size, c.Tasks, c.States())
	case c.Complete():
		return fmt.Sprintf("no file of %d bytes was found, and all was tried that the estimates leave with a margin of %d: %d tasks, %d states. That is no proof beyond these estimates", c.Size, c.Margin, c.Tasks, c.States())
	case !c.Whole:
		return fmt.Sprintf("no file of %d bytes was found: %d of %d tasks are done, and there are more ways to arrange the data than those", c.Size, len(c.Tried), c.Tasks)
	}
	return fmt.Sprintf("no file of %d bytes was found yet: %d of %d tasks are done, with %d states", c.Size, len(c.Tried), c.Tasks, c.States())
}
