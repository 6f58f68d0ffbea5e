package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"tasm/diag"
)

// runner is the verb that starts a program.
type runner struct {
	imageOptions
	limits
	in      string
	virtual bool
	on      machineOption
}

func runCommand() *command {
	r := &runner{}
	c := &command{
		args:    "FILE [ARGUMENT...]",
		summary: "run a program here, in a virtual machine, or in docker or podman",
		about: []string{
			"Without --in, FILE is a source: it is built, in layout plain unless another one is asked for, and runs on this system with the arguments that follow, with standard input, output and error, and tasm ends with its exit status. A program that a signal ends is run again in a virtual machine, and the line that it died at and the reason are told on standard error. On a system that is no Linux on x86, with --on vm, or where an option needs it, it runs in the virtual machine.",
			"With --in, the image in FILE is loaded into a container engine; tasm runs it there with the arguments that follow, removes container and image, and ends with the exit status of the program. Standard input, output and error are the program's. " + imageFileAbout,
		},
		examples: []example{
			{"tasm run hello.tasm", "the program of a source, on this system"},
			{"tasm run --in docker hello.tasm", "the program of a source, as it is in its image"},
			{"tasm run --in docker echo.tasm one two", "with arguments"},
			{"tasm run --in podman image.tar", "of an archive, with podman"},
		},
		run:        r.run,
		passesArgs: true,
	}
	simple := r.imageOptions.register(c)
	r.showDefault("plain, with --in golf")
	simple.BoolVar(&r.virtual, "vm", false, "the same as --on vm: in the virtual machine, which keeps the program from this system")
	r.on.register(simple, onKernel)
	registerWatch(simple)
	r.limits.register(simple)
	registerEngine(simple, &r.in)
	return c
}

// exitStatus ends a run with the status of the program that it has started.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// notHere returns why a program can't be left to the kernel of this machine alone, "" if
// it can.
func (r *runner) notHere() string {
	switch {
	case !runsHere():
		return "this system is no Linux on x86"
	case len(r.limits.force) > 0:
		return "--fail replaces answers of the kernel"
	case len(r.limits.files) > 0:
		return "--grant is about its files"
	case r.limits.steps != mostSteps:
		return "--limit-steps counts its instructions"
	}
	return ""
}

func (r *runner) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a file whose program is to be started")
	}
	if r.in == "" {
		r.warns = true
		s, err := r.prepare(sys, args[0])
		switch {
		case err != nil:
			return err
		case r.on.name == onCPU:
			return s.stepped(args, &r.limits)
		case r.virtual || r.on.name == onVM:
			return s.virtual(args[1:], &r.limits)
		}
		why := r.notHere()
		switch {
		case why == "":
			return s.native(args[1:], &r.limits)
		case r.on.given:
			return usagef("--on kernel can't be: %s", why)
		}
		fmt.Fprintf(sys.stderr, "tasm: this runs in the virtual machine, because %s\n", why)
		return s.virtual(args[1:], &r.limits)
	}
	e, err := findEngine(sys, r.in)
	if err != nil {
		return r.fail(sys, &diag.Files{}, err)
	}
	f, err := r.open(sys, args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	entry, err := one(f, args[0])
	if err != nil {
		return r.fail(sys, &diag.Files{}, err)
	}
	// A name of its own: what the user's engine has stays as it is.
	name := "tasm-run:" + strings.ToLower(rand.Text())
	if _, err := e.load(entry.Artifact, []string{name}); err != nil {
		return r.failTransfer(sys, err)
	}
	line := []string{"run", "--rm", "-i"}
	if isTerminal(sys.stdin) && isTerminal(sys.stdout) {
		line = append(line, "-t")
	}
	status, err := e.run(append(append(line, name), args[1:]...)...)
	quiet := &engine{&system{stdout: io.Discard, stderr: io.Discard}, e.name}
	quiet.run("rmi", "-f", name)
	if err != nil {
		return r.fail(sys, &diag.Files{}, fmt.Errorf("can't start %s: %s", e.name, diag.Reason(err)))
	}
	if status != 0 {
		return exitStatus(status)
	}
	return nil
}
