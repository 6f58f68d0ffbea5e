package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	"tasm/crash"
	"tasm/debugger"
	"tasm/symbols"
	"tasm/vm"
)

// tracer is the verb that shows every step of a program.
type tracer struct {
	programOptions
	limits
	json, calls, profile, coverage bool
	on                             machineOption
	begun                          bool // a record was written
}

func traceCommand() *command {
	t := &tracer{}
	c := &command{
		args:    "FILE [ARGUMENT...]",
		summary: "run a program in a virtual machine and show every step",
		about: []string{
			"Builds FILE, in layout plain unless another one is asked for, or takes an executable as it is (with FILE.debug beside it, see tasm build -g), and runs it with the arguments that follow in a virtual machine: nothing that it does reaches this system, but that it reads standard input. With --on cpu it runs on the processor and kernel of this machine, stepped by ptrace (Linux on x86-64); what it writes is not passed on there either. Standard output gets a line for each instruction: its address, the line of the source, the instruction, and the registers, flags and memory that it changed. What the program writes is told where it calls write.",
			"With --json each line is an object; docs/trace.md describes its members. --profile and --coverage show instead, when the program has ended, how many instructions each line of the source ran, and which lines never did. How the program ended goes to standard error.",
		},
		examples: []example{
			{"tasm trace hello.tasm", "every instruction and what it changed"},
			{"tasm trace --calls echo.tasm one two", "the system calls alone"},
			{"tasm trace --json hello.tasm", "for programs"},
			{"tasm trace --profile hello.tasm", "where the steps go"},
			{"tasm trace --coverage --fail write=EPIPE hello.tasm", "which lines a failing call leads to"},
		},
		run:        t.run,
		passesArgs: true,
	}
	simple := t.programOptions.register(c)
	t.showDefault(plainLayout)
	simple.BoolVar(&t.json, "json", false, "write one JSON object for each step")
	simple.BoolVar(&t.calls, "calls", false, "show system calls alone")
	simple.BoolVar(&t.profile, "profile", false, "show how many instructions each line ran, the most first")
	simple.BoolVar(&t.coverage, "coverage", false, "show the lines that never ran; exit status 1 if there are any")
	t.on.register(simple, onVM)
	t.limits.register(simple)
	return c
}

func (t *tracer) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a file whose program is to be traced")
	}
	s, err := t.prepare(sys, args[0])
	if err != nil {
		return err
	}
	v, end, err := t.on.begin(s, &t.limits, vm.Options{Args: args, Stdin: sys.stdin, Record: lastSteps})
	if err != nil {
		return t.fail(sys, s.files, err)
	}
	defer end()
	catchPipe()
	out := bufio.NewWriter(sys.stdout)
	table := s.table
	if (t.profile || t.coverage) && table == nil {
		return t.fail(sys, s.files, fmt.Errorf("the lines of '%s' are not known: build it with -g, which writes them to %s.debug", args[0], args[0]))
	}
	var never int
	if t.profile || t.coverage {
		never, err = t.count(out, v, table)
	} else {
		err = t.steps(out, v, table)
	}
	if err == nil {
		err = out.Flush()
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // whoever read has seen enough
	}
	if err != nil {
		return t.fail(sys, s.files, err)
	}
	if stop := v.Stop(); stop.Kind == vm.Exited {
		fmt.Fprintf(sys.stderr, "the program %s, after %s\n", stop.Reason, plural(v.Steps(), "step"))
		if t.coverage && never > 0 {
			return errReported
		}
		return nil
	}
	s.tell(v, &crash.Misnumbered{})
	return errReported
}

// steps shows every step until the run ends.
func (t *tracer) steps(out io.Writer, v debugger.Machine, table *symbols.Table) error {
	for {
		in := v.Instruction()
		if !v.Step() {
			stop := v.Stop()
			if stop.Call == nil || in == nil {
				return nil
			}
			step := debugger.Describe(v, table, in, &vm.Change{IP: stop.IP, Call: stop.Call})
			step.Step++
			return t.show(out, step)
		}
		if change, _ := v.Last(); !t.calls || change.Call != nil {
			if err := t.show(out, debugger.Describe(v, table, in, &change)); err != nil {
				return err
			}
		}
	}
}

// count runs the program and shows how often its lines ran. It returns how many lines
// never did.
func (t *tracer) count(out io.Writer, v debugger.Machine, table *symbols.Table) (never int, err error) {
	p := debugger.Count(v, table)
	if t.profile {
		p.Sort()
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		if l.Count == 0 {
			never++
		}
		if !t.profile && l.Count > 0 {
			continue
		}
		switch {
		case t.json:
			err = writeJSONLine(out, l)
		case t.profile:
			_, err = fmt.Fprintf(out, "%12d %5.1f%%  %s:%d  %s\n", l.Count, 100*float64(l.Count)/float64(max(1, p.Total)), l.File, l.Number, l.Text)
		default:
			_, err = fmt.Fprintf(out, "%s:%d  %s\n", l.File, l.Number, l.Text)
		}
		if err != nil {
			return never, err
		}
	}
	if t.coverage && !t.json {
		_, err = fmt.Fprintf(out, "%d of %s never ran\n", never, plural(int64(len(p.Lines)), "line"))
	}
	return never, err
}

func writeJSONLine(w io.Writer, x any) error {
	line, err := json.Marshal(x)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	return err
}

// show writes a step in the form that was asked for.
func (t *tracer) show(w io.Writer, step *debugger.Record) error {
	switch {
	case t.json:
		if !t.begun {
			t.begun, step.Version = true, debugger.RecordVersion
		}
		return writeJSONLine(w, step)
	case t.calls:
		_, err := fmt.Fprintln(w, step.Call)
		return err
	}
	_, err := fmt.Fprintln(w, step)
	return err
}
