package spec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"tasm/crash"
	"tasm/diag"
	"tasm/vm"
)

// Limits bound what a program may use in a case.
type Limits struct {
	Time   time.Duration // of this machine, not the virtual one
	Steps  int64
	Output int64 // bytes of both streams
	Memory int64 // bytes that the program touches
}

// Defaults are limits that fit programs of people who learn.
var Defaults = Limits{Time: 10 * time.Second, Steps: 10_000_000, Output: 4 << 20, Memory: 64 << 20}

// Runner runs cases.
type Runner struct {
	*Program
	Limits Limits
	// Choice is the layout where a case does not say which; "" is plain.
	Choice string
	// Kernel runs a file on the kernel of this system; nil leaves all to the virtual
	// machine. It fails where the case can't be run there at all.
	Kernel func(context.Context, *Built, *Case, Limits) (*Outcome, error)
}

// Result is what came of a case on one system.
type Result struct {
	Case   *Case
	Target string // that it was built for
	Layout string
	Built  *Built
	// Failures are empty where all is as expected.
	Failures []Failure
	Steps    int64 // 0 where they were not counted
	Size     int   // of the file, in bytes; 0 where it was not built
	Elapsed  time.Duration
	Where    string // "kernel", "vm", or "" where nothing ran
}

// Passed reports whether all is as expected.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Explained reports whether the failures tell why the program died.
func (r *Result) Explained() bool {
	return slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Explains })
}

// Failure is one thing that is not as expected.
type Failure struct {
	// Message is at the line of the case that expected it, or, where the program died,
	// at the line of the source where it did.
	Message *diag.Message
	// Diff shows two texts side by side: lines that begin with - are expected, with +
	// what came instead; "" where there is nothing to compare.
	Diff string
	// Explains is set where Message is about why the program died.
	Explains bool
}

// Run runs a case on each of its systems.
func (r *Runner) Run(ctx context.Context, c *Case) (list []*Result) {
	targets := c.Targets
	if len(targets) == 0 {
		targets = []string{""}
	}
	for _, t := range targets {
		list = append(list, r.on(ctx, c, t))
	}
	return list
}

// on runs a case on one system.
func (r *Runner) on(ctx context.Context, c *Case, target string) *Result {
	result := &Result{Case: c, Target: target, Layout: c.Layout}
	if result.Layout == "" {
		result.Layout = r.Choice
	}
	if result.Layout == "" {
		result.Layout = "plain"
	}
	b := r.Build(target, result.Layout, c.Flat)
	result.Built = b
	if b.File == nil {
		result.fail(diag.Errorf(c.Range, "the program can't be built"), "")
		return result
	}
	result.Target, result.Size = b.Target, len(b.File.Bytes)
	if c.NoRun {
		result.judge(&Outcome{Built: b}, looksAtFile)
		return result
	}
	aspects := looksAtRun | looksAtFile | virtual
	if r.Kernel != nil && len(c.Force) == 0 {
		outcome, err := r.Kernel(ctx, b, c, r.Limits)
		if err != nil {
			result.fail(diag.Errorf(c.Range, "%s", err), "")
			return result
		}
		result.Where, result.Elapsed = "kernel", outcome.Elapsed
		if outcome.Kind == vm.Killed {
			// The virtual machine mostly comes to the same end, and can tell why.
			if again, err := r.virtual(ctx, b, c); err == nil && again.Kind == outcome.Kind && again.Status == outcome.Status {
				outcome.Why = again.Why
			}
		}
		result.judge(outcome, looksAtRun|looksAtFile)
		if aspects = virtual; !c.has(aspects) {
			return result
		}
	}
	outcome, err := r.virtual(ctx, b, c)
	if err != nil {
		result.fail(diag.Errorf(c.Range, "%s", err), "")
		return result
	}
	if result.Steps = outcome.Steps; result.Where == "" {
		result.Where, result.Elapsed = "vm", outcome.Elapsed
	}
	result.judge(outcome, aspects)
	return result
}

// Judge holds what anybody can see of a program that ran against what the case expects
// of it; how it came to run does not matter.
func (c *Case) Judge(o *Outcome) []Failure { return c.judge(o, looksAtRun) }

// judge holds an outcome against the checks that look at certain aspects.
func (c *Case) judge(o *Outcome, aspects aspect) (list []Failure) {
	for _, k := range c.Checks {
		if k.aspect&aspects == 0 {
			continue
		}
		f := k.judge(o)
		if f == nil {
			continue
		}
		m := diag.Errorf(k.Range, "%s", f.text)
		if f.noteText != "" {
			m.NoteAt(f.note, "%s", f.noteText)
		}
		if at, ok := o.writer(f.offset); ok && f.differ && k.stdout {
			m.NoteAt(at, "this wrote what differs first")
		}
		list = append(list, Failure{Message: m, Diff: f.diff})
		if f.isEnd && o.Why != nil {
			list = append(list, Failure{Message: o.Why, Explains: true})
		}
	}
	return list
}

// judge adds what an outcome lacks.
func (r *Result) judge(o *Outcome, aspects aspect) {
	r.Failures = append(r.Failures, r.Case.judge(o, aspects)...)
}

func (r *Result) fail(m *diag.Message, diff string) {
	r.Failures = append(r.Failures, Failure{Message: m, Diff: diff})
}

// sink is where the program's standard output goes: it is kept, and after so many
// bytes nobody reads it any more.
type sink struct {
	bytes.Buffer
	after int64 // negative: never
}

var errClosed = errors.New("closed")

func (s *sink) Write(p []byte) (int, error) {
	if s.after < 0 {
		return s.Buffer.Write(p)
	}
	left := s.after - int64(s.Len())
	if left <= 0 {
		return 0, errClosed
	}
	s.Buffer.Write(p[:min(int64(len(p)), left)])
	return len(p), nil
}

// programName is what a program finds as its own name.
const programName = "program"

// lastSteps bounds the recording of a run whose end is to be explained, in bytes.
const lastSteps = 1 << 20

// virtual runs a case in the virtual machine.
func (r *Runner) virtual(ctx context.Context, b *Built, c *Case) (*Outcome, error) {
	o, v, err := r.once(ctx, b, c, 0)
	if err != nil {
		return nil, err
	}
	switch stop := v.Stop(); {
	case stop == nil || stop.Kind == vm.Exited:
	case stop.Kind == vm.Limited:
		o.Why = crash.Explain(v, b.Symbols)
	default:
		// Once more, with a recording of the last steps, which the explanation looks at.
		if _, again, err := r.once(ctx, b, c, lastSteps); err == nil && again.Stop() != nil && again.Stop().Kind == stop.Kind {
			o.Why = crash.Explain(again, b.Symbols)
		}
	}
	return o, nil
}

// once runs a case in the virtual machine, with a recording of so many bytes.
func (r *Runner) once(ctx context.Context, b *Built, c *Case, record int64) (*Outcome, *vm.VM, error) {
	files := map[string][]byte{}
	for _, f := range c.Files {
		files[path.Join("/", f.Name)] = f.Data
	}
	stdout, stderr := &sink{after: c.CloseAfter}, &sink{after: -1}
	steps := r.Limits.Steps
	if c.MostSteps > 0 {
		steps = min(steps, c.MostSteps+1)
	}
	v, err := vm.New(b.File.Bytes, vm.Options{
		Args: append([]string{programName}, c.Args...), Env: c.Env, Stdin: bytes.NewReader(c.Stdin),
		Stdout: stdout, Stderr: stderr, Files: files, Force: c.Force,
		MaxSteps: steps, MaxOutput: r.Limits.Output, MaxMemory: r.Limits.Memory, Record: record,
	})
	if err != nil {
		return nil, nil, err
	}
	o := &Outcome{Built: b, File: v.File}
	if c.has(looksAtInstructions) {
		o.Executed = map[execution]bool{}
	}
	o.Reason = r.steps(ctx, v, o, stdout)
	if stop := v.Stop(); stop != nil {
		if stop.Kind == vm.Waiting && c.Signal != 0 {
			v.Deliver(c.Signal)
			stop = v.Stop()
		}
		o.Kind, o.Status, o.Reason = stop.Kind, stop.Status, stop.Reason
	} else {
		o.Kind = vm.Limited
	}
	o.Stdout, o.Stderr, o.Elapsed = stdout.Bytes(), stderr.Bytes(), v.Elapsed()
	o.Calls, o.Steps = v.Calls(), v.Steps()
	return o, v, nil
}

// stepsToLook is after how many steps the clock is looked at.
const stepsToLook = 256

// steps runs a program to its end. Where time ends first it returns a clause that says so.
func (r *Runner) steps(ctx context.Context, v *vm.VM, o *Outcome, stdout *sink) string {
	end := time.Now().Add(r.Limits.Time)
	for n, length := 1, 0; ; n++ {
		if o.Executed != nil {
			if in := v.Instruction(); in != nil {
				o.note(in)
			}
		}
		ip := v.IP()
		goesOn := v.Step()
		if stdout.Len() > length {
			length = stdout.Len()
			o.writes = append(o.writes, written{length, ip})
		}
		if !goesOn {
			return ""
		}
		if n%stepsToLook == 0 && (time.Now().After(end) || ctx.Err() != nil) {
			return fmt.Sprintf("has not ended after %v and %d instructions", r.Limits.Time, v.Steps())
		}
	}
}
