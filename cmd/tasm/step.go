package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tasm/debugger"
	"tasm/debugger/console"
	"tasm/debugger/screen"
	"tasm/diag"
	"tasm/vm"
)

// stepper is the verb that goes through a program both ways.
type stepper struct {
	programOptions
	limits
	plain bool
	input string
	on    machineOption
}

// mostRecorded bounds the recording of a session, in bytes.
const mostRecorded = 256 << 20

func stepCommand() *command {
	s := &stepper{}
	c := &command{
		args:    "FILE [ARGUMENT...]",
		summary: "go through a program step by step, forwards and backwards",
		about: []string{
			"Builds FILE, in layout plain unless another one is asked for, or takes an executable as it is (with the labels and lines that it, or FILE.debug beside it, holds: see tasm build -g), and shows it on the terminal before its first instruction: source, registers, flags in words, stack, memory, system calls and output. Keys step through it in both directions, run to lines and breakpoints, and change registers and memory; ? explains them. In a packed or golfed file the map of the file is shown, with the header fields that an instruction is in.",
			"With --plain, commands are read from standard input and answers written to standard output, a line each, for screen readers and scripts. The program runs in a virtual machine: nothing that it does reaches this system, and it reads what --input names. With --on cpu it runs on the processor and kernel of this machine instead (Linux on x86-64), where it can do what the virtual machine does not know; going back takes back what it did to its registers and memory, but not what the kernel did for it. docs/step.md goes through an example.",
		},
		examples: []example{
			{"tasm step hello.tasm", "on the terminal"},
			{"tasm step --layout golf hello.tasm", "the smallest file, through its own header"},
			{"tasm step hello", "an executable that was built before"},
			{"echo 'break 14\ncontinue\nregisters' | tasm step --plain hello.tasm", "as a script"},
		},
		run:        s.run,
		passesArgs: true,
	}
	simple := s.programOptions.register(c)
	s.showDefault(plainLayout)
	simple.BoolVar(&s.plain, "plain", false, "read commands and print, instead of drawing on the terminal")
	simple.StringVar(&s.input, "input", "", "let the program read `FILE` as its standard input")
	s.on.register(simple, onVM)
	s.limits.registerVirtual(simple)
	return c
}

func (o *stepper) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a file whose program is to be stepped through")
	}
	if !o.plain && (!isTerminal(sys.stdin) || !isTerminal(sys.stdout)) {
		return usagef("standard input and output are no terminal; with --plain, commands are read line by line")
	}
	s, err := o.prepare(sys, args[0])
	if err != nil {
		return err
	}
	input, terminal := io.Reader(strings.NewReader("")), o.input == ""
	if o.input != "" {
		f, err := os.Open(o.input)
		if err != nil {
			return o.fail(sys, s.files, fmt.Errorf("can't read %s: %s", o.input, diag.Reason(err)))
		}
		defer f.Close()
		input = f
	}
	v, end, err := o.on.begin(s, &o.limits, vm.Options{Args: args, Stdin: input, Terminal: terminal, Record: mostRecorded})
	if err != nil {
		return o.fail(sys, s.files, err)
	}
	defer end()
	c := &console.Console{Session: debugger.New(v, s.table, s.list)}
	c.Explain = func() string {
		var b strings.Builder
		said := &diag.Bag{}
		said.Add(s.explain(v))
		diag.Short(&b, s.files, said.Messages())
		return b.String()
	}
	catchPipe()
	if o.plain {
		err = c.Run(sys.stdin, sys.stdout)
	} else {
		err = screen.Run(c, screen.Options{Title: filepath.Base(s.name), Colour: o.useColor(sys, sys.stdout), In: sys.stdin, Out: sys.stdout})
	}
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		return o.fail(sys, s.files, err)
	}
	return nil
}
