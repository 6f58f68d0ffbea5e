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
	in string
}

func runCommand() *command {
	r := &runner{}
	c := &command{
		name:    "run",
		args:    "FILE [ARGUMENT...]",
		summary: "start the program of an image in docker or podman",
		about: []string{
			"Loads the image in FILE into a container engine, runs it there with the arguments that follow, removes container and image, and ends with the exit status of the program. Standard input, output and error are the program's. " + imageFileAbout,
		},
		examples: []example{
			{"tasm run --in docker hello.tasm", "the program of a source, as it is in its image"},
			{"tasm run --in docker echo.tasm one two", "with arguments"},
			{"tasm run --in podman image.tar", "of an archive, with podman"},
		},
		run:        r.run,
		passesArgs: true,
	}
	simple := r.imageOptions.register(c)
	registerEngine(simple, &r.in)
	return c
}

// exitStatus ends a run with the status of the program that it has started.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func (r *runner) run(sys *system, args []string) error {
	if len(args) == 0 {
		return usagef("give a file whose program is to be started")
	}
	if r.in == "" {
		return usagef("say where it runs with --in %s", strings.Join(engines, "|"))
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
