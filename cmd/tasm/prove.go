package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/layout/synth"
)

// prove is the verb that tries all that could make a file of one size.
type prove struct {
	sourceOptions
	searchOptions
	size, margin, sample int
	strict               bool
	estimate             int
	shard                layout.Shard
	output, check        string
	merge                bool
}

func proveCommand() *command {
	p := &prove{}
	c := &command{
		args:    "FILE",
		summary: "try all that could make a file of one size, and certify it",
		about: []string{
			"Tries everything that the search for code written anew could do for a file of --size bytes, until all of it was tried or a file was found, and writes a certificate of that: a JSON file that lists every task with the number of states that were looked at and a digest of them. FILE has to be a straight run of system calls.",
			"Where no placement of the headers agrees with the data, which is the case below the bound that 'tasm size' tells, the certificate has no tasks and is a proof. Otherwise it says that nothing was found among what the estimates of the search leave, with --margin bytes to spare; a proof beyond that it is not.",
			"With --strict nothing is left out but what a bound excludes that never overestimates: then it is a proof, for the space of code that the certificate names. That takes as long as it takes; --estimate tells about how many states there are.",
			"The tasks are numbered, and several processes can share them: --shard 2/8 runs the second eighth. --merge makes one certificate of several, --check runs tasks of one again. Who gives the same -o again goes on where the last run ended.",
		},
		examples: []example{
			{"tasm prove hello.tasm --size 69", "that no file of 69 bytes prints that line"},
			{"tasm prove x.tasm --size 71 --shard 1/4 -o part1.json", "a fourth of the tasks"},
			{"parallel tasm prove x.tasm --size 71 --shard {}/4 -o part{}.json ::: 1 2 3 4", "all of them, as many at once as there are processors"},
			{"tasm prove x.tasm --size 71 --estimate 10000", "how long a strict proof would take"},
			{"tasm prove --merge part1.json part2.json part3.json part4.json -o whole.json", "one certificate of the four"},
			{"tasm prove x.tasm --check whole.json --sample 100", "runs a hundred of its tasks again"},
		},
		run: p.run,
	}
	simple, advanced := c.group("Options"), c.group("Advanced options")
	simple.IntVar(&p.size, "size", 0, "the size of the file in bytes, `N`")
	simple.IntVar(&p.margin, "margin", 0, "take the search's estimates to be wrong by up to `N` bytes; each more takes several times as long")
	simple.BoolVar(&p.strict, "strict", false, "try all code, whatever the search's estimates say of it, but for what can't succeed")
	simple.IntVar(&p.estimate, "estimate", 0, "run nothing: tell about how many states there are with --strict, from `N` ways through each task that are taken by chance")
	simple.Var(shardOption{&p.shard}, "shard", "run part I of N of the tasks")
	simple.StringVarP(&p.output, "output", "o", "", "write the certificate to `FILE`")
	simple.BoolVar(&p.merge, "merge", false, "make one certificate of those whose files are given")
	simple.StringVar(&p.check, "check", "", "run tasks of the certificate in `FILE` again, and compare")
	simple.IntVar(&p.sample, "sample", 0, "with --check: so many tasks, evenly taken; 0 is all")
	p.sourceOptions.register(simple, advanced)
	p.searchOptions.registerProof(advanced)
	return c
}

// shardOption is the value of --shard.
type shardOption struct{ *layout.Shard }

func (s shardOption) Type() string { return "I/N" }

func (s shardOption) String() string {
	if s.Shard == nil || s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

func (s shardOption) Set(text string) error {
	i, n, _ := strings.Cut(text, "/")
	index, err := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	if err != nil || err2 != nil || index < 1 || index > count {
		return fmt.Errorf("it is a number and a count, such as 2/8, and not '%s'", text)
	}
	s.Index, s.Count = index, count
	return nil
}

// proofStates is how many states a task may look at with effort 0.
const proofStates = 1 << 24

// mostMargin is the largest --margin.
const mostMargin = 64

func (p *prove) run(sys *system, args []string) error {
	switch {
	case p.merge:
		return p.runMerge(sys, args)
	case len(args) != 1:
		return usagef("give one source, not %d", len(args))
	case p.check == "" && (p.size < 1 || p.size > elf.PageSize):
		return usagef("give the size of the file with --size, from 1 to %d bytes", elf.PageSize)
	case p.margin < 0 || p.margin > mostMargin:
		return usagef("--margin is %d: it goes from 0 to %d", p.margin, mostMargin)
	case p.strict && p.margin > 0:
		return usagef("--margin is for estimates, and with --strict there are none")
	case p.estimate < 0:
		return usagef("--estimate is %d: it is a number of ways", p.estimate)
	case p.sample < 0:
		return usagef("--sample is %d: it is a number of tasks, and 0 stands for all", p.sample)
	}
	if err := cmp.Or(p.sourceOptions.check(), p.searchOptions.check()); err != nil {
		return err
	}
	if p.strict || p.estimate > 0 {
		p.margin = layout.Strict
	}
	var given *layout.Certificate
	if p.check != "" {
		c, err := readCertificate(sys, p.check)
		if err != nil {
			return p.fail(sys, &diag.Files{}, err)
		}
		given, p.size, p.margin = c, int(c.Size), c.Margin
	}
	built, messages, err := p.assembleFile(sys, args[0])
	if err != nil {
		return err
	}
	if p.report(sys, built.Files, messages) > 0 {
		return errReported
	}
	s := p.begin(sys)
	defer s.end()
	prover, said := built.Prover(s.Options, int64(p.size), p.margin)
	if p.report(sys, built.Files, said) > 0 {
		return errReported
	}
	if given != nil {
		return p.runCheck(sys, s.Context, prover, given)
	}
	if p.estimate > 0 {
		return p.runEstimate(sys, s.Context, prover)
	}
	if err := p.runTasks(sys, s, prover); err != nil {
		return p.fail(sys, built.Files, err)
	}
	return p.finish(sys, &prover.Certificate, len(prover.Left(p.shard)) == 0)
}

// runEstimate tells how large the tasks are.
func (p *prove) runEstimate(sys *system, ctx context.Context, prover *layout.Prover) error {
	var text strings.Builder
	count := map[synth.Outcome]int{}
	states, variance := 0.0, 0.0
	tasks := prover.Left(p.shard)
	for _, e := range prover.Estimate(ctx, tasks, p.estimate) {
		count[e.Outcome]++
		if states, variance = states+e.States, variance+e.Variance; e.States > 0 {
			fmt.Fprintf(&text, "%10.2g  %s\n", e.States, e.Where)
		}
	}
	fmt.Fprintf(&text, "%10.2g  states, standard error %.2g, in %d of %d tasks; %d are impossible, %d hopeless\n",
		states, math.Sqrt(variance), len(tasks)-count[synth.Impossible]-count[synth.Hopeless], len(tasks), count[synth.Impossible], count[synth.Hopeless])
	if _, err := io.WriteString(sys.stdout, text.String()); err != nil {
		return fmt.Errorf("can't write to standard output: %s", diag.Reason(err))
	}
	if n := count[synth.Found]; n > 0 {
		return p.fail(sys, &diag.Files{}, fmt.Errorf("there is a file of %d bytes, in %d of these tasks", p.size, n))
	}
	return nil
}

// runTasks runs the tasks that no earlier run has done.
func (p *prove) runTasks(sys *system, s *search, prover *layout.Prover) error {
	if p.output != "" {
		if _, err := os.Stat(p.output); err == nil {
			c, err := readCertificate(sys, p.output)
			if err == nil {
				err = prover.Resume(c)
			}
			if err != nil {
				return fmt.Errorf("can't go on with '%s': %w", p.output, err)
			}
		}
	}
	left := prover.Left(p.shard)
	done := 0
	states := int64(proofStates)
	if e := p.effort; e >= 0 {
		states <<= e
	} else {
		states >>= -e
	}
	return prover.Run(s.Context, left, states, func(c *layout.Certificate) error {
		done++
		if s.Progress != nil {
			s.Progress(layout.Progress{Doing: fmt.Sprintf("%d of %d tasks", done, len(left))})
		}
		if p.output == "" || done%tasksPerSave != 0 {
			return nil
		}
		return p.write(sys, c)
	})
}

// tasksPerSave is after how many tasks the certificate is written in between.
const tasksPerSave = 256

// finish writes a certificate and says what it shows.
func (p *prove) finish(sys *system, c *layout.Certificate, all bool) error {
	if p.output != "" {
		if err := p.write(sys, c); err != nil {
			return p.fail(sys, &diag.Files{}, err)
		}
	}
	if _, err := fmt.Fprintln(sys.stdout, c); err != nil {
		return fmt.Errorf("can't write to standard output: %s", diag.Reason(err))
	}
	switch {
	case c.Found() != nil:
		return p.fail(sys, &diag.Files{}, fmt.Errorf("there is a file of %d bytes", c.Size))
	case !all:
		return p.fail(sys, &diag.Files{}, fmt.Errorf("not all tasks came to their end: run the same again, or with more --effort"))
	}
	return nil
}

func (p *prove) write(sys *system, c *layout.Certificate) error {
	var out bytes.Buffer
	if err := writeJSON(&out, c); err != nil {
		return err
	}
	return writeOutput(sys, p.output, out.Bytes(), false)
}

func (p *prove) runMerge(sys *system, args []string) error {
	var parts []*layout.Certificate
	for _, name := range args {
		c, err := readCertificate(sys, name)
		if err != nil {
			return p.fail(sys, &diag.Files{}, err)
		}
		parts = append(parts, c)
	}
	c, err := layout.Merge(parts)
	if err != nil {
		return p.fail(sys, &diag.Files{}, err)
	}
	return p.finish(sys, c, len(c.Tried) == c.Tasks)
}

func (p *prove) runCheck(sys *system, ctx context.Context, prover *layout.Prover, c *layout.Certificate) error {
	n, err := prover.Check(ctx, c, p.sample)
	if err != nil {
		return p.fail(sys, &diag.Files{}, fmt.Errorf("'%s' does not hold: %w", p.check, err))
	}
	if _, err := fmt.Fprintf(sys.stdout, "%d of %d tasks end as '%s' says; %v\n", n, len(c.Tried), p.check, c); err != nil {
		return fmt.Errorf("can't write to standard output: %s", diag.Reason(err))
	}
	return nil
}

// readCertificate reads a certificate from a file; "-" is standard input.
func readCertificate(sys *system, name string) (*layout.Certificate, error) {
	text, err := readInput(sys, name)
	if err != nil {
		return nil, err
	}
	c, err := layout.ReadCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("can't use '%s': %w", name, err)
	}
	return c, nil
}
