package main

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tasm/diag"
	"tasm/vm"
)

// limits are the options that bound a run, and those that change the answers of the
// kernel in it.
type limits struct {
	steps  int64
	time   time.Duration
	output uint64
	force  []vm.Force
	files  map[string][]byte // that are granted, by absolute path
}

// register adds the options.
func (l *limits) register(set *pflag.FlagSet) {
	l.registerVirtual(set)
	set.Var(duration{&l.time}, "limit-time", "stop after `DURATION`")
	set.Var(byteSize{&l.output}, "limit-output", "stop a program that writes more than `SIZE`")
}

// registerVirtual adds the options that are about the virtual machine alone.
func (l *limits) registerVirtual(set *pflag.FlagSet) {
	set.Var(forceList{&l.force}, "fail", "let a system call fail: CALL=ERROR, CALL@N=ERROR for the Nth, CALL=short:BYTES for a short transfer; it may be given several times")
	set.Var(grantList{&l.files}, "grant", "let the program find `FILE`, or NAME=FILE, in the virtual machine; it begins in /, and what it writes to a file stays inside. It may be given several times")
	set.Int64Var(&l.steps, "limit-steps", mostSteps, "stop after `N` instructions of the virtual machine")
}

// apply puts the limits into the options of a virtual machine that starts now.
func (l *limits) apply(o vm.Options) vm.Options {
	o.MaxSteps, o.MaxOutput, o.Force, o.Files = l.steps, int64(l.output), l.force, l.files
	if l.time > 0 {
		end := time.Now().Add(l.time)
		o.Expired = func() bool { return time.Now().After(end) }
	}
	return o
}

// forceList is the value of an option that takes answers of the kernel.
type forceList struct{ list *[]vm.Force }

func (forceList) Type() string   { return "CALL=ANSWER" }
func (forceList) String() string { return "" }

func (f forceList) Set(s string) error {
	answer, err := vm.ParseForce(s)
	if err != nil {
		return usagef("%s; an answer is written write=EPIPE, write@2=EINTR or read=short:3", err)
	}
	*f.list = append(*f.list, answer)
	return nil
}

// grantList is the value of an option that takes files for the program.
type grantList struct{ files *map[string][]byte }

func (grantList) Type() string   { return "FILE" }
func (grantList) String() string { return "" }

func (g grantList) Set(s string) error {
	name, from, renamed := strings.Cut(s, "=")
	if !renamed {
		from = name
	}
	data, err := readFile(from)
	if err != nil {
		return usagef("can't read '%s': %s", from, diag.Reason(err))
	}
	if *g.files == nil {
		*g.files = map[string][]byte{}
	}
	(*g.files)[path.Join("/", filepath.ToSlash(name))] = data
	return nil
}
