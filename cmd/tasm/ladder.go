package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"tasm"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
)

// ladder is the verb that compares all layouts of a source.
type ladder struct {
	sourceOptions
	searchOptions
	json     bool
	runLimit time.Duration
}

func ladderCommand() *command {
	l := &ladder{runLimit: 5 * time.Second}
	c := &command{
		args:    "FILE",
		summary: "build a source in every layout, run all, and compare",
		about: []string{
			"Builds FILE in every layout for every profile of loaders and prints a table: bytes of the executable; bytes of its image as a registry transfers them (layer, configuration and manifest); memory that the system commits beyond the file; and what the program did when it was started here, in an empty folder, without arguments, environment and input. Nothing else is written. Searches are short here, for an answer in seconds; --effort 0 makes the files that tasm build makes.",
			"The program is really run: do not use this command for a source that you do not trust. A program that runs or writes for too long is stopped, and compared with the others by what it wrote until then.",
			"The exit status is 1 when two executables differ in what they do, or when a layout makes a larger file than a plainer one.",
		},
		examples: []example{
			{"tasm ladder hello.tasm", "the table"},
			{"tasm ladder --time-limit 10s --json hello.tasm", "for programs, with 10 seconds for each search"},
		},
		run: l.run,
	}
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	l.sourceOptions.register(simple, advanced)
	simple.BoolVar(&l.json, "json", false, "print one JSON object, with names that stay the same")
	simple.Var(duration{&l.runLimit}, "run-limit", "stop each program after `DURATION`")
	l.searchOptions.registerLimits(layouts)
	l.effort = ladderEffort
	layouts.Lookup("effort").DefValue = strconv.Itoa(ladderEffort)
	return c
}

// ladderEffort is the effort where none is asked for: twelve files take some seconds
// with it.
const ladderEffort = -3

// rung is a row of the table.
type rung struct {
	Layout string `json:"layout"`
	Loader string `json:"loader"`
	Bytes  int    `json:"bytes"`  // of the executable; 0 where there is none
	Image  int    `json:"image"`  // bytes that a registry transfers
	Charge uint64 `json:"charge"` // bytes of memory
	Bound  int64  `json:"bound"`  // no file can be smaller; 0 where nothing is known
	Method string `json:"method"`
	Result string `json:"result"` // of the run
	Output int    `json:"output"` // bytes that it wrote
	Same   bool   `json:"same"`   // as the plain executable's
	// Problem says why there is no file, or what is wrong with it.
	Problem string `json:"problem"`

	file  []byte
	early bool // the search was ended before it was done
	trial *trial
}

func (l *ladder) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one source file, not %d", len(args))
	}
	if err := l.searchOptions.check(); err != nil {
		return err
	}
	built, messages, err := l.assembleFile(sys, args[0])
	if err != nil {
		return err
	}
	spec, said := (&metadataOptions{}).describe(built.Program, args[0], sys.getenv)
	messages.Append(said)
	var rungs []*rung
	begun := time.Now()
	for _, profile := range elf.Profiles {
		for _, s := range layout.Strategies {
			r := &rung{Layout: s.Name, Loader: profile.Name}
			l.build(sys, built, spec, r, messages)
			rungs = append(rungs, r)
			if isTerminal(sys.stderr) {
				fmt.Fprintf(sys.stderr, "%2d of %d: %s for %s: %s, after %s\n", len(rungs), len(elf.Profiles)*len(layout.Strategies),
					r.Layout, r.Loader, plural(int64(r.Bytes), "byte"), time.Since(begun).Round(time.Second/10))
			}
		}
	}
	if l.report(sys, built.Files, messages) > 0 {
		return errReported
	}
	runAll(rungs, l.runLimit)

	var out bytes.Buffer
	if l.json {
		err = writeJSON(&out, struct {
			Version int     `json:"version"`
			Source  string  `json:"source"`
			Target  string  `json:"target"`
			Rungs   []*rung `json:"rungs"`
		}{jsonVersion, args[0], built.Program.Target, rungs})
	} else {
		err = writeLadder(&out, rungs)
	}
	if err == nil {
		_, err = sys.stdout.Write(out.Bytes())
	}
	if err != nil {
		return fmt.Errorf("can't write to standard output: %s", diag.Reason(err))
	}
	for _, wrong := range compareRungs(rungs) {
		messages := &diag.Bag{}
		messages.Add(diag.Errorf(diag.Range{}, "%s", wrong))
		l.report(sys, &diag.Files{}, messages)
		err = errReported
	}
	return err
}

// build makes the executable of a row. What is wrong with the source goes to
// messages, once; what is wrong with the row stays in it.
func (l *ladder) build(sys *system, built *tasm.Result, spec *imageSpec, r *rung, messages *diag.Bag) {
	l.layout, l.loader = r.Layout, r.Loader
	said := &diag.Bag{}
	file, early := l.searchOptions.run(sys, built, said)
	if file == nil {
		r.Problem = said.Messages()[0].Text
		if r.Layout == plainLayout && messages.Errors() == 0 {
			messages.Append(said)
		}
		return
	}
	r.file, r.Bytes, r.Charge, r.Method = file.Bytes, len(file.Bytes), file.Report.Charge, file.Report.Method.String()
	if file.Report.Space != "" {
		r.Bound = file.Report.Bound
	}
	if r.early = early; early {
		r.Method += ", ended early"
	}
	img, said := spec.build(built.ForImage(file, l.limits()))
	if img == nil {
		messages.Append(said)
		return
	}
	r.Image = img.Sizes().Wire()
	loader, _ := elf.ByName(r.Loader)
	if broken := elf.Check(loader.WithCharge(l.maxCharge), file.Bytes); len(broken) > 0 {
		r.Problem = "breaks a rule of its loaders: " + broken[0].String()
	}
}

// runAll runs every executable, each once, and compares them with the first.
func runAll(rungs []*rung, limit time.Duration) {
	var group sync.WaitGroup
	for i, r := range rungs {
		if r.file == nil || slices.ContainsFunc(rungs[:i], func(o *rung) bool { return bytes.Equal(o.file, r.file) }) {
			continue
		}
		group.Go(func() {
			t, err := try(r.file, limit)
			if err != nil {
				r.Result = err.Error()
			}
			r.trial = t
		})
	}
	group.Wait()
	for _, r := range rungs {
		if r.file == nil {
			continue
		}
		first := rungs[slices.IndexFunc(rungs, func(o *rung) bool { return bytes.Equal(o.file, r.file) })]
		if r.trial, r.Result = first.trial, first.Result; r.trial != nil {
			r.Result, r.Output = r.trial.String(), len(r.trial.output)
			r.Same = rungs[0].trial != nil && r.trial.same(rungs[0].trial)
		}
	}
}

// compareRungs says what must not be: results that differ, and layouts that are
// worse than plainer ones.
func compareRungs(rungs []*rung) []string {
	var wrong []string
	for i, r := range rungs {
		if r.file == nil {
			continue
		}
		if r.trial != nil && rungs[0].trial != nil && !r.Same {
			wrong = append(wrong, fmt.Sprintf("%s for %s behaves otherwise than %s", r.Layout, r.Loader, rungs[0].Layout))
		}
		if i > 0 && rungs[i-1].Loader == r.Loader && rungs[i-1].file != nil && r.Bytes > rungs[i-1].Bytes && !r.early {
			wrong = append(wrong, fmt.Sprintf("%s for %s is larger than %s", r.Layout, r.Loader, rungs[i-1].Layout))
		}
	}
	return wrong
}

// writeLadder writes the table.
func writeLadder(w io.Writer, rungs []*rung) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layout\tloader\tbytes\tbound\timage\tmemory\trun")
	for _, r := range rungs {
		if r.file == nil {
			fmt.Fprintf(t, "%s\t%s\t-\t\t\t\t%s\n", r.Layout, r.Loader, r.Problem)
			continue
		}
		bound := "-"
		if r.Bound > 0 {
			bound = fmt.Sprint(r.Bound)
		}
		result := r.Result
		if r.trial != nil {
			result += fmt.Sprintf(", %s written", plural(int64(r.Output), "byte"))
			if r != rungs[0] {
				result += map[bool]string{true: ", the same", false: ", not the same"}[r.Same]
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\t%s\n", r.Layout, r.Loader, r.Bytes, bound, r.Image, about(r.Charge),
			strings.Trim(result+"; "+r.Problem, "; "))
	}
	return t.Flush()
}
