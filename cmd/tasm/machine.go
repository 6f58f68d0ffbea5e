package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"tasm/crash"
	"tasm/debugger"
	"tasm/process"
	"tasm/vm"
)

// stepping is a program that goes on one instruction at a time.
type stepping interface {
	debugger.Machine
	crash.Machine
}

var _, _ stepping = (*vm.VM)(nil), (*process.Process)(nil)

// What programs run on.
const (
	onKernel = "kernel"
	onVM     = "vm"
	onCPU    = "cpu"
)

// machineOption is the option that says what a program runs on.
type machineOption struct {
	name  string
	given bool // on the command line
}

// machines are the choices, and what they mean.
var machines = []struct{ name, text string }{
	{onKernel, "kernel (this one)"}, {onVM, "vm (the virtual machine)"}, {onCPU, "cpu (this one, stepped by ptrace)"},
}

// register adds the option, with a default. The kernel alone can't be stepped through:
// it is a choice only where it is the default.
func (m *machineOption) register(set *pflag.FlagSet, standard string) {
	value := machineValue{m, nil}
	var words []string
	for _, x := range machines {
		if x.name != onKernel || standard == onKernel {
			value.names, words = append(value.names, x.name), append(words, x.text)
		}
	}
	m.name = standard
	set.Var(value, "on", "run on `MACHINE`: "+strings.Join(words, ", "))
}

type machineValue struct {
	option *machineOption
	names  []string
}

func (machineValue) Type() string   { return "MACHINE" }
func (machineValue) String() string { return "" }

func (v machineValue) Set(s string) error {
	if !slices.Contains(v.names, s) {
		return usagef("it is one of %s", strings.Join(v.names, ", "))
	}
	v.option.name, v.option.given = s, true
	return nil
}

// begin starts the program of a session where the option says. The function that it
// returns ends it.
func (m *machineOption) begin(s *session, l *limits, o vm.Options) (stepping, func(), error) {
	o = l.apply(o)
	if m.name != onCPU {
		v, err := vm.New(s.file.Bytes, o)
		return v, func() {}, err
	}
	if len(l.files) > 0 {
		return nil, nil, fmt.Errorf("--grant is for the virtual machine, which has no files of its own; with --on cpu the program finds those of this system")
	}
	p := process.Options{Args: o.Args, Env: os.Environ(), Stdout: o.Stdout, Stderr: o.Stderr, MaxSteps: o.MaxSteps, MaxOutput: o.MaxOutput, MaxMemory: o.MaxMemory, Force: o.Force, Record: o.Record, Expired: o.Expired}
	p.Stdin, _ = o.Stdin.(*os.File)
	v, err := process.New(s.file.Bytes, p)
	if err != nil {
		return nil, nil, err
	}
	return v, v.Close, nil
}
