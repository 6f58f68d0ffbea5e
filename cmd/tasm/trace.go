package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	"tasm/debugger"
	"tasm/symbols"
	"tasm/vm"
)

// tracer is the verb that shows every step of a program.
type tracer struct {
	imageOptions
	json, calls bool
	limit       int64
}

func traceCommand() *command {
	t := &tracer{}
	c := &command{
		name:    "trace",
		args:    "FILE [ARGUMENT...]",
		summary: "run a program in a virtual machine and show every step",
		about: []string{
			"Builds FILE, in layout plain unless another one is asked for, and runs it with the arguments that follow in a virtual machine: nothing that it does reaches this system, but that it reads standard input. Standard output gets a line for each instruction: its address, the line of the source, the instruction, and the registers, flags and memory that it changed. What the program writes is told where it calls write.",
			"With --json each line is an object: step, address, line, text, registers (old and new), flags, memory, call. How the program ended goes to standard error.",
		},
		examples: []example{
			{"tasm trace hello.tasm", "every instruction and what it changed"},
			{"tasm trace --calls echo.tasm one two", "the system calls alone"},
			{"tasm trace --json hello.tasm", "for programs"},
		},
		run:        t.run,
		passesArgs: true,
	}
	simple := t.imageOptions.register(c)
	simple.BoolVar(&t.json, "json", false, "write one JSON object for each step")
	simple.BoolVar(&t.calls, "calls", false, "show system calls alone")
	simple.Int64Var(&t.limit, "limit-steps", mostSteps, "stop after `N` instructions")
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
	v, err := vm.New(s.file.Bytes, vm.Options{Args: args, Stdin: sys.stdin, MaxSteps: t.limit, Record: lastSteps})
	if err != nil {
		return t.fail(sys, s.files, err)
	}
	out := bufio.NewWriter(sys.stdout)
	table := symbols.New(s.file, s.program, s.files)
	for err == nil {
		in := v.Instruction()
		if !v.Step() {
			if stop := v.Stop(); stop.Call != nil && in != nil {
				step := debugger.Describe(v, table, in, &vm.Change{IP: stop.IP, Call: stop.Call})
				step.Step++
				err = t.show(out, step)
			}
			break
		}
		if change, _ := v.Last(); !t.calls || change.Call != nil {
			err = t.show(out, debugger.Describe(v, table, in, &change))
		}
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
		return nil
	}
	s.tell(v)
	return errReported
}

// show writes a step in the form that was asked for.
func (t *tracer) show(w io.Writer, step *debugger.Record) error {
	switch {
	case t.json:
		line, err := json.Marshal(step)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		return err
	case t.calls:
		_, err := fmt.Fprintln(w, step.Call)
		return err
	}
	_, err := fmt.Fprintln(w, step)
	return err
}
